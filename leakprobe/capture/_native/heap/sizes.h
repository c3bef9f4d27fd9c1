/* How to find the shallow size of the objects of one type. */
#ifndef LEAKPROBE_HEAP_SIZES_H
#define LEAKPROBE_HEAP_SIZES_H

#include <Python.h>
#include <stdint.h>

/* What is found out once for a type. */
struct sizer {
    PyCFunction method;   /* its `__sizeof__` in C; NULL: that of `object` */
    uint64_t header;      /* bytes in front of each object */
    int has_values;       /* attributes may stand in a table that is not part of `__sizeof__` */
};

struct sizer sizer_of(PyTypeObject *type);

/* Bytes of an object whose type has this sizer. */
uint64_t size_with(const struct sizer *sizer, PyObject *object);

#endif
