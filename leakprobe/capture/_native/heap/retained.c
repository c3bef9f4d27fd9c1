/* Retained sizes, and what each type retains and owns.
 *
 * An object retains what it dominates: what would be freed if it went. leakprobe's own objects
 * are taken for absent, so that what it shares with the application is retained by the
 * application alone. */
#include "dominators.h"

#include "memory.h"
#include "walk.h"

#include <string.h>

/* --- what a type retains --- */

/* The tree of dominators, as lists of children. */
struct tree {
    const uint32_t *dominator;
    uint32_t *first_child;
    uint32_t *next_sibling;
};

static void
build_tree(struct tree *tree, const uint32_t *order, uint32_t count)
{
    for (uint32_t i = count; i-- > 1;) {
        uint32_t above = tree->dominator[order[i]];
        tree->next_sibling[order[i]] = tree->first_child[above];
        tree->first_child[above] = order[i];
    }
}

/* An object counts for its type unless one of the same type is above it, whose bytes have these
 * in them already. `above` says how many of each type are. */
static void
enter_object(struct walk *walk, uint32_t node, uint32_t *above)
{
    uint32_t type = walk->types.of_node[node];
    if (type != NO_TYPE && above[type]++ == 0) {
        walk->types.tallies[type].retained_bytes += walk->retained[node];
    }
}

static void
leave_object(struct walk *walk, uint32_t node, uint32_t *above)
{
    uint32_t type = walk->types.of_node[node];
    if (type != NO_TYPE) {
        above[type]--;
    }
}

/* Goes through the tree depth first, and back by the dominators. NODE_ROOT is nobody's child,
 * so that 0 ends a list of children. */
static void
walk_tree(struct walk *walk, const struct tree *tree, uint32_t *above)
{
    uint32_t node = NODE_ROOT;
    for (;;) {
        enter_object(walk, node, above);
        uint32_t next = tree->first_child[node];
        while (next == 0) {
            leave_object(walk, node, above);
            if (node == NODE_ROOT) {
                return;
            }
            next = tree->next_sibling[node];
            node = tree->dominator[node];
        }
        node = next;
    }
}

static void
sum_retained_by_type(struct walk *walk, const uint32_t *order, uint32_t count)
{
    uint64_t nodes = walk->graph.nodes, types = walk->types.count;
    struct tree tree = {walk->dominator, map_array(uint32_t, nodes), map_array(uint32_t, nodes)};
    uint32_t *above = map_array(uint32_t, types + 1);
    build_tree(&tree, order, count);
    walk_tree(walk, &tree, above);
    unmap_bytes(tree.first_child, nodes * sizeof(uint32_t));
    unmap_bytes(tree.next_sibling, nodes * sizeof(uint32_t));
    unmap_bytes(above, (types + 1) * sizeof(uint32_t));
    for (uint32_t node = walk->graph.virtual_count; node < nodes; node++) {
        if (walk->reach.state[node] == STATE_GARBAGE) {
            walk->types.tallies[walk->types.of_node[node]].retained_bytes += walk->retained[node];
        }
    }
}

/* --- what a type owns --- */

/* To which type untracked objects are charged that a node dominates: a type, and this mark
 * where that is an object's that owns for good, so that containers below it do not take over. */
#define OWNS (UINT32_C(1) << 31)

static int
is_tracked(const struct graph *graph, uint32_t node)
{
    return node >= graph->virtual_count && node - graph->virtual_count < graph->tracked_count;
}

enum holding { HOLDS_AND_OWNS, HOLDS_FOR_ITS_OWNER, HOLDS_FOR_CODE };

static uint8_t *
find_holding(const struct types *types)
{
    uint8_t *holding = map_array(uint8_t, (uint64_t)types->count + 1);
    for (uint32_t type = 0; type < types->count; type++) {
        PyTypeObject *class = types->tallies[type].type;
        holding[type] = is_plain_container(class) ? HOLDS_FOR_ITS_OWNER
                        : is_plumbing(class)      ? HOLDS_FOR_CODE
                                                  : HOLDS_AND_OWNS;
    }
    return holding;
}

/* `above` is what the node's dominator charges to; NO_TYPE: whatever the objects' own types are.
 * `holding` is by type. */
static uint32_t
charged_below(const struct walk *walk, uint32_t node, uint32_t above, const uint8_t *holding)
{
    if (node < walk->graph.virtual_count) {
        return NO_TYPE;
    }
    if (!is_tracked(&walk->graph, node)) {
        return above;
    }
    uint32_t type = walk->types.of_node[node];
    if (holding[type] == HOLDS_AND_OWNS) {
        return type | OWNS;
    }
    int has_owner = above != NO_TYPE && (above & OWNS);
    return holding[type] == HOLDS_FOR_ITS_OWNER && has_owner ? above : type;
}

static void
charge_owner(struct walk *walk, uint32_t node, uint32_t above)
{
    uint32_t type = walk->types.of_node[node];
    if (!is_tracked(&walk->graph, node) && above != NO_TYPE) {
        type = above & ~OWNS;
    }
    walk->types.tallies[type].owned_bytes += walk->types.bytes_of_node[node];
}

/* Down the tree, dominators first: what nothing reaches owns itself. */
static void
sum_owned_by_type(struct walk *walk, const uint32_t *order, uint32_t count)
{
    uint64_t nodes = walk->graph.nodes;
    uint32_t *below = map_array(uint32_t, nodes);
    uint8_t *holding = find_holding(&walk->types);
    below[NODE_ROOT] = NO_TYPE;
    for (uint32_t i = 1; i < count; i++) {
        uint32_t node = order[i], above = below[walk->dominator[node]];
        below[node] = charged_below(walk, node, above, holding);
        if (node >= walk->graph.virtual_count) {
            charge_owner(walk, node, above);
        }
    }
    unmap_bytes(below, nodes * sizeof(uint32_t));
    unmap_bytes(holding, (uint64_t)walk->types.count + 1);
    for (uint32_t node = walk->graph.virtual_count; node < nodes; node++) {
        if (walk->reach.state[node] == STATE_GARBAGE) {
            charge_owner(walk, node, NO_TYPE);
        }
    }
}

/* --- all of it --- */

static void
sum_retained(struct walk *walk, const uint32_t *order, uint32_t count)
{
    memcpy(walk->retained, walk->types.bytes_of_node,
           (size_t)walk->graph.nodes * sizeof(uint64_t));
    for (uint32_t i = count; i-- > 1;) {
        walk->retained[walk->dominator[order[i]]] += walk->retained[order[i]];
    }
}

void
find_retained(struct walk *walk)
{
    uint64_t nodes = walk->graph.nodes;
    walk->dominator = map_array(uint32_t, nodes);
    walk->retained = map_array(uint64_t, nodes);
    uint32_t *order = map_array(uint32_t, nodes);
    uint32_t count = find_dominators(&walk->graph, walk->reach.state, STATE_OWN, walk->dominator,
                                     order);
    sum_retained(walk, order, count);
    sum_retained_by_type(walk, order, count);
    sum_owned_by_type(walk, order, count);
    unmap_bytes(order, nodes * sizeof(uint32_t));
}
