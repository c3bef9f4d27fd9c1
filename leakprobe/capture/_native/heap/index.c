/* The table from addresses to nodes: making it and making it larger. */
#include "index.h"

#include "memory.h"

#define LEAST_SLOTS (1u << 12)

static void
map_slots(struct graph *graph, uint64_t slots)
{
    if (slots > (uint64_t)1 << 32) {
        give_up(EXIT_TOO_LARGE);
    }
    graph->index = map_array(uint32_t, slots);
    graph->index_mask = (uint32_t)(slots - 1);
    graph->index_limit = (uint32_t)(slots / 8 * 5);
}

void
map_index(struct graph *graph, uint32_t nodes)
{
    uint64_t slots = LEAST_SLOTS;
    while (slots / 8 * 5 <= nodes) {
        slots *= 2;
    }
    map_slots(graph, slots);
}

void
enlarge_index(struct graph *graph)
{
    uint64_t slots = (uint64_t)graph->index_mask + 1;
    unmap_bytes(graph->index, slots * sizeof *graph->index);
    map_slots(graph, 2 * slots);
    for (uint32_t node = graph->virtual_count; node < graph->nodes; node++) {
        *index_slot(graph, graph->objects[node]) = node;
    }
}

uint32_t
find_node(const struct graph *graph, const void *address)
{
    uint32_t node = *index_slot(graph, address);
    return node == 0 ? NO_NODE : node;
}
