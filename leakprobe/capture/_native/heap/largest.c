/* The objects of the application that retain most. */
#include "answers.h"

#include "parts.h"

/* A binary heap (Williams, Algorithm 232, 1964) of the largest so far, the least on top. */
struct heap {
    const uint64_t *retained;
    uint32_t *nodes;
    uint32_t count, room;
};

/* Of two that retain the same, the one that comes first in the graph is the larger. */
static int
is_less(const struct heap *heap, uint32_t one, uint32_t other)
{
    uint64_t size = heap->retained[one], other_size = heap->retained[other];
    return size < other_size || (size == other_size && one > other);
}

static void
sink(struct heap *heap, uint32_t at)
{
    uint32_t node = heap->nodes[at];
    for (;;) {
        uint64_t child = 2 * (uint64_t)at + 1;
        if (child + 1 < heap->count
            && is_less(heap, heap->nodes[child + 1], heap->nodes[child])) {
            child++;
        }
        if (child >= heap->count || !is_less(heap, heap->nodes[child], node)) {
            break;
        }
        heap->nodes[at] = heap->nodes[child];
        at = (uint32_t)child;
    }
    heap->nodes[at] = node;
}

static void
rise(struct heap *heap, uint32_t at)
{
    uint32_t node = heap->nodes[at];
    while (at > 0 && is_less(heap, node, heap->nodes[(at - 1) / 2])) {
        heap->nodes[at] = heap->nodes[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    heap->nodes[at] = node;
}

static void
put_node(struct heap *heap, uint32_t node)
{
    if (heap->count < heap->room) {
        heap->nodes[heap->count] = node;
        rise(heap, heap->count++);
        return;
    }
    heap->nodes[0] = node;
    sink(heap, 0);
}

/* Code and its namespaces retain what the application is made of; nobody can let go of them. */
static int
is_application_data(const struct walk *walk, uint32_t node)
{
    if (walk->reach.state[node] == STATE_OWN
        || is_plumbing(walk->types.tallies[walk->types.of_node[node]].type)) {
        return 0;
    }
    enum space space = space_of_node(walk, node);
    return space != SPACE_MODULES && space != SPACE_MODULE && space != SPACE_CLASS;
}

void
want_largest(struct answers *answers)
{
    const struct walk *walk = answers->walk;
    uint32_t room = walk->request->top;
    uint32_t objects = walk->graph.nodes - walk->graph.virtual_count;
    room = room < objects ? room : objects;
    if (room == 0) {
        return;
    }
    struct heap heap = {walk->retained, map_array(uint32_t, room), 0, room};
    for (uint32_t node = walk->graph.virtual_count; node < walk->graph.nodes; node++) {
        int is_large = heap.count < room || is_less(&heap, heap.nodes[0], node);
        if (is_large && is_application_data(walk, node)) {
            put_node(&heap, node);
        }
    }
    for (uint32_t i = 0; i < heap.count; i++) {
        want_path(answers, heap.nodes[i], WHY_TOP);
    }
    unmap_bytes(heap.nodes, (uint64_t)room * sizeof(uint32_t));
}
