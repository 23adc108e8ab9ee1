/* Exports PyEval_CallObject, which CPython removed in 3.13 and which the C module of durable-rules still refers to.

   The function does what CPython's did: it calls `callable` with a tuple of arguments, or with none where `arguments`
   is NULL. Written for the stable ABI of Python 3.11, so that one built file serves every later version. */

#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#undef PyEval_CallObject /* up to Python 3.12 a macro */
#include "calls.h"

Py_EXPORTED_SYMBOL PyObject *
PyEval_CallObject(PyObject *callable, PyObject *arguments)
{
    return PyObject_CallObject(callable, arguments);
}

static struct PyModuleDef_Slot slots[] = {{0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_calls",
    .m_doc = "Exports the C function PyEval_CallObject; the module itself holds nothing.",
    .m_size = 0,
    .m_slots = slots,
};

PyMODINIT_FUNC
PyInit__calls(void)
{
    return PyModuleDef_Init(&definition);
}
