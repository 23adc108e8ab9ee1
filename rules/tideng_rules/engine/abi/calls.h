/* Declares the C function that durable-rules calls and that Python's own headers dropped in 3.13.

   `make install` has it read before the sources of durable-rules (CPPFLAGS in the Makefile). Without a declaration a C
   compiler of before 2024 assumes that the function returns an int, and a later one stops. `struct _object` is PyObject. */

struct _object *PyEval_CallObject(struct _object *callable, struct _object *arguments);
