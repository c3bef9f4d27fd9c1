/* What containers there are, and how long. */
#ifndef LEAKPROBE_HEAP_CONTAINERS_H
#define LEAKPROBE_HEAP_CONTAINERS_H

#include <Python.h>
#include <stdint.h>

/* Which builtin container the instances of a class are, or inherit from. */
enum layout { LAYOUT_OTHER, LAYOUT_DICT, LAYOUT_LIST, LAYOUT_TUPLE, LAYOUT_SET, LAYOUT_FROZENSET,
              LAYOUT_DEQUE };

enum layout layout_of(PyTypeObject *type);

/* The number of entries of an object of that layout; -1 for LAYOUT_OTHER. */
int64_t length_with(enum layout layout, PyObject *object);

struct walk;

/* How many entries a deque or an lru_cache can have, or a container whose owner says so in an
 * attribute of its own (`maxsize`); 0: no limit is known. */
uint32_t limit_of(const struct walk *walk, uint32_t node);

#endif
