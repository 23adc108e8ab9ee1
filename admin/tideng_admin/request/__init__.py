"""One web request: who asks, in which language, and the connection that it reads with."""
