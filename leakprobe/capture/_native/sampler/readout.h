/* What is read from the sampler, as Python objects. */

#ifndef LEAKPROBE_SAMPLER_READOUT_H
#define LEAKPROBE_SAMPLER_READOUT_H

#include <Python.h>

/* Makes the types of what is returned, once, and adds them to the module; -1: an exception is set. */
int readout_add_types(PyObject *module);

PyObject *readout_rows(void);
PyObject *readout_pointers(void);
PyObject *readout_counters(void);

#endif
