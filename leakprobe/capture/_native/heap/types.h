/* Objects by type: a number for each type, its name, and what is counted of it. */
#ifndef LEAKPROBE_HEAP_TYPES_H
#define LEAKPROBE_HEAP_TYPES_H

#include "graph.h"
#include "reach.h"

#define NO_TYPE UINT32_MAX

struct type_tally {
    PyTypeObject *type;
    uint32_t name;             /* number of its string in the output: module.qualname */
    uint64_t objects, bytes;   /* leakprobe's own objects are not counted */
    uint64_t owned_bytes;      /* see find_retained in retained.c */
    uint64_t retained_bytes;
    uint64_t garbage_objects, garbage_bytes;
    uint64_t c_held_objects, c_held_bytes;
};

struct types {
    struct type_tally *tallies;
    uint32_t count;
    uint32_t *of_node;         /* by node; NO_TYPE for virtual nodes */
    uint64_t *bytes_of_node;   /* shallow size; 0 for virtual nodes */
};

struct output;

void count_types(const struct graph *graph, const struct reach *reach, struct types *types,
                 struct output *output);

/* The section TYPES. */
void write_types(const struct types *types, struct output *output);

/* What `sys.getsizeof` would say, without running any code of the application, and the table of an
 * instance's attribute values, which it leaves out. */
uint64_t shallow_size(PyObject *object);

/* Exact builtin containers (dict list set tuple frozenset collections.deque), and what code is made
 * of (modules, functions, code, cells, frames, tracebacks, generators, coroutines, classes): neither
 * owns what it holds. */
int is_plain_container(PyTypeObject *type);
int is_plumbing(PyTypeObject *type);

/* Length of a dict, list, set, tuple, frozenset, deque or of an instance of a class that
 * inherits from one; -1 for others. */
int64_t length_of(PyObject *object);

#endif
