/* Ways as numbers: that of the way to the holder, the name by which it holds, and the type of what
 * is held. Keys and indexes are left out, and a step that only repeats the one before it (the next
 * node of a linked list) is none, so that a chain is held in one way. */
#include "ways.h"

#include "labels.h"

void
open_ways(struct ways *ways, const struct walk *walk)
{
    *ways = (struct ways){.walk = walk,
                          .of_node = map_array(struct way, walk->graph.nodes),
                          .climbed = {.size = sizeof(uint32_t)}};
}

void
close_ways(struct ways *ways)
{
    drop_rows(&ways->climbed);
    unmap_bytes(ways->of_node, (uint64_t)ways->walk->graph.nodes * sizeof(struct way));
}

/* What stands for a node by itself: frames of one function are alike. */
static uint64_t
identity(const struct walk *walk, uint32_t node)
{
    if (kind_of_node(&walk->graph, node) == KIND_FRAME) {
        return (uint64_t)(uintptr_t)frame_code(walk->graph.virtuals[node]);
    }
    if (node < walk->graph.virtual_count) {
        return kind_of_node(&walk->graph, node);
    }
    return (uint64_t)walk->types.of_node[node] << 8;
}

static void
find_way(struct ways *ways, uint32_t node)
{
    const struct walk *walk = ways->walk;
    uint32_t holder = walk->reach.parent[node];
    struct way *way = &ways->of_node[node];
    if (holder == NO_NODE) {
        way->way = mix(walk->reach.state[node], identity(walk, node)) | 1;
        return;
    }
    struct label label = label_edge(walk, holder, node, 1);
    const struct way *above = &ways->of_node[holder];
    way->step = (uint32_t)mix(mix(label.role, label.name), identity(walk, node));
    way->way = way->step == above->step ? above->way : mix(above->way, way->step) | 1;
    way->depth = above->depth + 1;
}

/* Climbs to the first node whose way is known, and comes back down. */
const struct way *
way_to(struct ways *ways, uint32_t node)
{
    const uint32_t *parent = ways->walk->reach.parent;
    ways->climbed.count = 0;
    for (uint32_t at = node; at != NO_NODE && ways->of_node[at].way == 0; at = parent[at]) {
        *(uint32_t *)add_row(&ways->climbed) = at;
    }
    const uint32_t *climbed = ways->climbed.rows;
    for (uint32_t i = ways->climbed.count; i-- > 0;) {
        find_way(ways, climbed[i]);
    }
    return &ways->of_node[node];
}
