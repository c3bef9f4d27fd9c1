/* What the files of the Python module share. What each function means stands in _heap.pyi. */
#ifndef LEAKPROBE_HEAP_MODULE_H
#define LEAKPROBE_HEAP_MODULE_H

#include "clone.h"

#include <Python.h>

struct module_state {
    PyTypeObject *child_type;
    PyTypeObject *ended_type;
};

PyObject *spawn(PyObject *module, PyObject *args, PyObject *keywords);
PyObject *reap(PyObject *module, PyObject *pid);
PyObject *dominators_of(PyObject *module, PyObject *args);

/* A struct sequence of what `Py_BuildValue` makes a tuple of; takes over the tuple. */
PyObject *named_tuple(PyTypeObject *type, PyObject *values);

/* OSError from a number of errno. */
PyObject *raise_errno(int error);

#endif
