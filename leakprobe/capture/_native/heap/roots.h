/* The nodes that are no objects: modules, the interpreter, threads and their frames. */
#ifndef LEAKPROBE_HEAP_ROOTS_H
#define LEAKPROBE_HEAP_ROOTS_H

#include "graph.h"

/* Fills `virtuals`, `virtual_count` and `thread_count`. */
void add_virtual_nodes(struct graph *graph, PyInterpreterState *interpreter);

/* Visits what a virtual node other than the root refers to. */
void visit_root(const struct graph *graph, uint32_t node, PyInterpreterState *interpreter,
                visitproc visit, void *argument);

#endif
