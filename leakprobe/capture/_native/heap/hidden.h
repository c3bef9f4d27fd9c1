/* References that an object holds and no `tp_traverse` reports. */
#ifndef LEAKPROBE_HEAP_HIDDEN_H
#define LEAKPROBE_HEAP_HIDDEN_H

#include <Python.h>

void visit_hidden(PyObject *object, visitproc visit, void *argument);

#endif
