"""What durable-rules' C module needs from CPython's C interface, and later versions of Python have dropped."""
