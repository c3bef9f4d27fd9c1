/* Immediate dominators by Semi-NCA, without recursion: a heap may be one chain of a million
 * objects.
 *
 * Nodes that are reached get numbers in the order of a depth-first search, from 0, which is the
 * root's; all steps work on numbers, so that the tables are walked in order. The comments use
 * the words of the paper. */
#include "dominators.h"

#include "memory.h"
#include "walk.h"

#include <string.h>

struct vertex {
    uint32_t ancestor;  /* parent in the search; later, after compression, one further up */
    uint32_t label;     /* the vertex of the least semidominator on the way to `ancestor` */
    uint32_t semi;      /* semidominator */
    uint32_t dominator; /* parent in the search, until it is known */
};

struct search {
    const struct graph *graph;
    const uint8_t *excluded;
    uint8_t exclude;
    uint32_t *number;         /* by node; NO_NODE: not reached */
    uint32_t *order;          /* by number: its node */
    struct vertex *vertices;  /* by number */
    uint32_t count;
    /* Predecessors of number n: sources[first[n]] .. sources[first[n + 1] - 1]. */
    uint32_t *first;
    uint32_t *sources;
    uint32_t source_count;
    uint32_t *stack;
};

static int
is_excluded(const struct search *search, uint32_t node)
{
    return search->excluded != NULL && search->excluded[node] == search->exclude;
}

static void
give_number(struct search *search, uint32_t node, uint32_t parent)
{
    uint32_t number = search->count++;
    search->number[node] = number;
    search->order[number] = node;
    search->vertices[number] = (struct vertex){parent, number, number, parent};
}

/* Goes on with the search from the vertex of that number: its next target without a number
 * gets one. Returns that number, or NO_NODE where there is none. `next` is by number. */
static uint32_t
enter_next(struct search *search, uint32_t number, uint32_t *next)
{
    const uint32_t *targets;
    uint32_t count = edges_of(search->graph, search->order[number], &targets);
    while (next[number] < count) {
        uint32_t target = targets[next[number]++];
        if (search->number[target] == NO_NODE && !is_excluded(search, target)) {
            give_number(search, target, number);
            return search->number[target];
        }
    }
    return NO_NODE;
}

/* Numbers all that the root reaches, depth first; the way back is the way to the parent. */
static void
number_nodes(struct search *search)
{
    uint32_t *next = map_array(uint32_t, search->graph->nodes);
    memset(search->number, 0xff, (size_t)search->graph->nodes * sizeof(uint32_t));
    give_number(search, NODE_ROOT, NO_NODE);
    uint32_t current = 0;
    while (current != NO_NODE) {
        uint32_t entered = enter_next(search, current, next);
        current = entered != NO_NODE ? entered : search->vertices[current].ancestor;
    }
    unmap_bytes(next, (uint64_t)search->graph->nodes * sizeof(uint32_t));
}

static void
count_sources(struct search *search)
{
    for (uint32_t number = 0; number < search->count; number++) {
        const uint32_t *targets;
        uint32_t count = edges_of(search->graph, search->order[number], &targets);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t target = search->number[targets[i]];
            if (target != NO_NODE) {
                search->first[target + 1]++;
            }
        }
    }
    for (uint32_t number = 0; number < search->count; number++) {
        search->first[number + 1] += search->first[number];
    }
    search->source_count = search->first[search->count];
}

/* The edges backwards, between numbers. Filling moves first[n] on to where n + 1 begins. */
static void
find_sources(struct search *search)
{
    count_sources(search);
    search->sources = map_array(uint32_t, search->source_count);
    for (uint32_t number = 0; number < search->count; number++) {
        const uint32_t *targets;
        uint32_t count = edges_of(search->graph, search->order[number], &targets);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t target = search->number[targets[i]];
            if (target != NO_NODE) {
                search->sources[search->first[target]++] = number;
            }
        }
    }
    memmove(search->first + 1, search->first, (size_t)search->count * sizeof(uint32_t));
    search->first[0] = 0;
}

/* The paper's eval: the vertex of the least semidominator among those that are linked already,
 * which are the numbers from `linked` on, on the way up from `number`. The ways that it goes are
 * made short. */
static uint32_t
evaluate(struct search *search, uint32_t number, uint32_t linked)
{
    struct vertex *vertices = search->vertices;
    uint32_t depth = 0, above = number;
    while (vertices[above].ancestor >= linked && vertices[above].ancestor != NO_NODE) {
        search->stack[depth++] = above;
        above = vertices[above].ancestor;
    }
    while (depth > 0) {
        struct vertex *vertex = &vertices[search->stack[--depth]];
        vertex->ancestor = vertices[above].ancestor;
        if (vertices[vertices[above].label].semi < vertices[vertex->label].semi) {
            vertex->label = vertices[above].label;
        }
        above = search->stack[depth];
    }
    return vertices[number].label;
}

static void
find_semidominators(struct search *search)
{
    struct vertex *vertices = search->vertices;
    for (uint32_t number = search->count - 1; number > 0; number--) {
        uint32_t least = vertices[number].dominator;
        for (uint32_t i = search->first[number]; i < search->first[number + 1]; i++) {
            uint32_t label = evaluate(search, search->sources[i], number + 1);
            if (vertices[label].semi < least) {
                least = vertices[label].semi;
            }
        }
        vertices[number].semi = least;
    }
}

/* The nearest common ancestor, in the tree made so far, of a vertex's parent and its
 * semidominator: the first one above the parent that is not below the semidominator. */
static void
find_common_ancestors(struct search *search, uint32_t *dominator)
{
    struct vertex *vertices = search->vertices;
    for (uint32_t number = 1; number < search->count; number++) {
        uint32_t candidate = vertices[number].dominator;
        while (candidate > vertices[number].semi) {
            candidate = vertices[candidate].dominator;
        }
        vertices[number].dominator = candidate;
    }
    memset(dominator, 0xff, (size_t)search->graph->nodes * sizeof(uint32_t));
    for (uint32_t number = 1; number < search->count; number++) {
        dominator[search->order[number]] = search->order[vertices[number].dominator];
    }
}

uint32_t
find_dominators(const struct graph *graph, const uint8_t *excluded, uint8_t exclude,
                uint32_t *dominator, uint32_t *order)
{
    uint64_t nodes = graph->nodes;
    struct search search = {
        .graph = graph,
        .excluded = excluded,
        .exclude = exclude,
        .number = dominator, /* by node as well, and written when the numbers are no more needed */
        .order = order,
        .vertices = map_array(struct vertex, nodes),
        .first = map_array(uint32_t, nodes + 1),
    };
    number_nodes(&search);
    find_sources(&search);
    search.stack = map_array(uint32_t, search.count);
    find_semidominators(&search);
    find_common_ancestors(&search, dominator);
    unmap_bytes(search.vertices, nodes * sizeof(struct vertex));
    unmap_bytes(search.first, (nodes + 1) * sizeof(uint32_t));
    unmap_bytes(search.sources, (uint64_t)search.source_count * sizeof(uint32_t));
    unmap_bytes(search.stack, (uint64_t)search.count * sizeof(uint32_t));
    return search.count;
}

void
immediate_dominators(uint32_t nodes, const uint32_t *first, const uint32_t *targets,
                     uint32_t *dominator)
{
    if (nodes == 0) {
        return;
    }
    /* `edges_of` has the edges of NODE_C_HELD from a list of their own; here they are none. */
    struct graph graph = {
        .nodes = nodes, .first = (uint32_t *)first, .targets = (uint32_t *)targets};
    if (nodes > NODE_C_HELD) {
        graph.c_held = graph.targets + first[NODE_C_HELD];
        graph.c_held_count = first[NODE_C_HELD + 1] - first[NODE_C_HELD];
    }
    uint32_t *order = map_array(uint32_t, nodes);
    find_dominators(&graph, NULL, 0, dominator, order);
    unmap_bytes(order, (uint64_t)nodes * sizeof(uint32_t));
}
