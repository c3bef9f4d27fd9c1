/* What the child is asked for, and the order of its work. */
#ifndef LEAKPROBE_HEAP_WALK_H
#define LEAKPROBE_HEAP_WALK_H

#include "graph.h"
#include "output.h"
#include "reach.h"
#include "types.h"

struct request {
    uint64_t memory_budget;         /* most bytes that the child may map */
    int reveal;                     /* keys, indexes and reprs of atoms may be written */
    struct own_roots own;
    const char *type_name;          /* whose holders are asked for; empty: none. module.qualname,
                                     * or a bare class name */
    uint32_t samples;               /* how many objects of that type to follow */
    const char *newest_types;       /* full names, one in a line */
    uint32_t newest;                /* how many of their newest objects to look at */
    const uint64_t *addresses;      /* objects whose path and retained size are asked for */
    uint32_t address_count;
    uint32_t entries;               /* how many of their newest entries to look at */
    const uint64_t *pointers;       /* sampled blocks, for the join */
    uint32_t pointer_count;
    uint32_t top;                   /* how many objects with the largest retained size */
    uint64_t container_least;       /* containers with so many entries or more are listed */
    uint32_t container_most;        /* and at most so many, the longest */
};

/* All that the analyses share. */
struct walk {
    const struct request *request;
    struct output *output;
    struct graph graph;
    struct reach reach;
    struct types types;
    uint32_t *dominator;            /* by node; NO_NODE for what nothing reaches */
    uint64_t *retained;             /* by node, bytes; its own included */
};

/* Runs in the child and never returns. */
_Noreturn void run_walk(const struct request *request, PyInterpreterState *interpreter,
                        int descriptor);

/* --- the analyses, in the order in which run_walk calls them --- */

/* dominators.c: immediate dominators from node 0 by Semi-NCA (Georgiadis, 2005), iterative.
 * Edges in CSR form. Unreachable nodes and node 0 get NO_NODE. */
void immediate_dominators(uint32_t nodes, const uint32_t *first, const uint32_t *targets,
                          uint32_t *dominator);

/* retained.c: fills walk->dominator and walk->retained (leakprobe's own and garbage
 * included as far as reachable; garbage retains nothing but itself), then the types' owned and
 * retained bytes. */
void find_retained(struct walk *walk);

/* answers.c: everything that was asked for. */
void write_answers(struct walk *walk);

/* containers.c: the section CONTAINERS. */
void write_containers(struct walk *walk);

#endif
