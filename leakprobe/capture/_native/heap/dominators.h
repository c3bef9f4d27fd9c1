/* Who dominates whom: a node dominates another one if every way from the root to it leads
 * through that node, so that the other one goes when it goes. */
#ifndef LEAKPROBE_HEAP_DOMINATORS_H
#define LEAKPROBE_HEAP_DOMINATORS_H

#include "graph.h"

/* Immediate dominators from NODE_ROOT by Semi-NCA (Georgiadis, Linear-Time Algorithms for
 * Dominators and Related Problems, Princeton 2005, section 2.3).
 *
 * A node with `excluded[node] == exclude` is taken for absent, and so are its edges; a NULL
 * there: none is. `dominator` and `order` have room for all nodes. `order` gets the nodes that
 * are reached, each after all that dominate it. Returns how many these are. */
uint32_t find_dominators(const struct graph *graph, const uint8_t *excluded, uint8_t exclude,
                         uint32_t *dominator, uint32_t *order);

#endif
