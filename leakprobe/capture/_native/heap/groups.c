/* Groups of joined objects.
 *
 * The way to an object is folded into a number: that of the way to its holder, the name by which
 * it is held, and its type. Keys and indexes are left out, and a step that only repeats the one
 * before it (the next node of a linked list) is none, so that a chain is one group. */
#include "groups.h"

#include "labels.h"

#define MOST_GROUPS 4096  /* with a path; the others share one for each type */
#define SLOTS 8192        /* of the hash table of groups; a power of two */

struct group_row {
    uint32_t type, path, objects, state;
};

struct join_row {
    uint32_t group, how;
};

struct group {
    uint64_t way;
    uint32_t type;
    uint32_t node;     /* one of its objects; NO_NODE: a group without a path */
    uint32_t objects;
    uint32_t state;
};

/* What is known of a node. */
struct way {
    uint64_t way;      /* 0: not known yet */
    uint32_t step;
    uint32_t group;    /* plus one; 0: none yet */
};

struct grouping {
    struct answers *answers;
    const struct walk *walk;
    struct way *ways;          /* by node */
    struct rows climbed;       /* uint32_t: a stack of nodes */
    struct rows *groups;
    uint32_t slots[SLOTS];     /* of groups with a path: number plus one; 0: free */
    uint32_t *rest;            /* by type: number plus one of its group without a path */
    uint32_t with_path;
};

/* --- ways --- */

/* The finalizer of splitmix64 (Steele, Lea and Flood, OOPSLA 2014). */
static uint64_t
mix(uint64_t one, uint64_t other)
{
    uint64_t value = (one ^ other) + UINT64_C(0x9E3779B97F4A7C15);
    value = (value ^ (value >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    value = (value ^ (value >> 27)) * UINT64_C(0x94D049BB133111EB);
    return value ^ (value >> 31);
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
find_way(struct grouping *grouping, uint32_t node)
{
    const struct walk *walk = grouping->walk;
    uint32_t holder = walk->reach.parent[node];
    struct way *way = &grouping->ways[node];
    if (holder == NO_NODE) {
        way->way = mix(walk->reach.state[node], identity(walk, node)) | 1;
        return;
    }
    struct label label = label_edge(walk, holder, node, 1);
    const struct way *above = &grouping->ways[holder];
    way->step = (uint32_t)mix(mix(label.role, label.name), identity(walk, node));
    way->way = way->step == above->step ? above->way : mix(above->way, way->step) | 1;
}

/* Climbs to the first node whose way is known, and comes back down. */
static uint64_t
way_to(struct grouping *grouping, uint32_t node)
{
    const uint32_t *parent = grouping->walk->reach.parent;
    grouping->climbed.count = 0;
    for (uint32_t at = node; at != NO_NODE && grouping->ways[at].way == 0; at = parent[at]) {
        *(uint32_t *)add_row(&grouping->climbed) = at;
    }
    const uint32_t *climbed = grouping->climbed.rows;
    for (uint32_t i = grouping->climbed.count; i-- > 0;) {
        find_way(grouping, climbed[i]);
    }
    return grouping->ways[node].way;
}

/* --- groups --- */

/* Adds one of an object of this node; returns the group's number plus one. */
static uint32_t
add_group(struct grouping *grouping, uint64_t way, uint32_t node, int has_path)
{
    struct group *group = add_row(grouping->groups);
    *group = (struct group){.way = way,
                            .type = grouping->walk->types.of_node[node],
                            .node = has_path ? node : NO_NODE,
                            .state = grouping->walk->reach.state[node]};
    if (has_path) {
        want_path(grouping->answers, node, WHY_GROUP);
        grouping->with_path++;
    }
    return grouping->groups->count;
}

static uint32_t *
find_slot(struct grouping *grouping, uint64_t way, uint32_t node)
{
    const struct group *groups = grouping->groups->rows;
    uint32_t type = grouping->walk->types.of_node[node], state = grouping->walk->reach.state[node];
    uint32_t at = (uint32_t)mix(mix(way, type), state) % SLOTS;
    for (; grouping->slots[at] != 0; at = (at + 1) % SLOTS) {
        const struct group *group = &groups[grouping->slots[at] - 1];
        if (group->way == way && group->type == type && group->state == state) {
            break;
        }
    }
    return &grouping->slots[at];
}

/* The number, plus one, of the group that an object belongs to. */
static uint32_t
group_of(struct grouping *grouping, uint32_t node)
{
    uint64_t way = way_to(grouping, node);
    uint32_t *slot = find_slot(grouping, way, node);
    if (*slot == 0 && grouping->with_path < MOST_GROUPS) {
        *slot = add_group(grouping, way, node, 1);
    }
    if (*slot != 0) {
        return *slot;
    }
    uint32_t *rest = &grouping->rest[grouping->walk->types.of_node[node]];
    if (*rest == 0) {
        *rest = add_group(grouping, 0, node, 0);
    }
    return *rest;
}

/* An object is counted once, however many of its blocks were sampled. */
static uint32_t
group_node(struct grouping *grouping, uint32_t node)
{
    uint32_t number = grouping->ways[node].group;
    if (number == 0) {
        number = group_of(grouping, node);
        grouping->ways[node].group = number;
        ((struct group *)grouping->groups->rows)[number - 1].objects++;
    }
    return number - 1;
}

void
group_owners(struct answers *answers, const struct join *join, struct groups *groups)
{
    const struct walk *walk = answers->walk;
    *groups = (struct groups){.groups = {.size = sizeof(struct group)}, .count = join->count};
    if (join->count == 0) {
        return;
    }
    struct grouping *grouping = map_array(struct grouping, 1);
    *grouping = (struct grouping){.answers = answers,
                                  .walk = walk,
                                  .ways = map_array(struct way, walk->graph.nodes),
                                  .climbed = {.size = sizeof(uint32_t)},
                                  .groups = &groups->groups,
                                  .rest = map_array(uint32_t, walk->types.count)};
    groups->of_owner = map_array(uint32_t, join->count);
    for (uint32_t i = 0; i < join->count; i++) {
        uint32_t node = join->owners[i].node;
        groups->of_owner[i] = node == NO_NODE ? NO_GROUP : group_node(grouping, node);
    }
    drop_rows(&grouping->climbed);
    unmap_bytes(grouping->ways, (uint64_t)walk->graph.nodes * sizeof(struct way));
    unmap_bytes(grouping->rest, (uint64_t)walk->types.count * sizeof(uint32_t));
    unmap_bytes(grouping, sizeof *grouping);
}

/* --- the sections --- */

static void
write_join(const struct answers *answers, const struct join *join, const struct groups *groups)
{
    struct join_row *rows = map_array(struct join_row, join->count);
    for (uint32_t i = 0; i < join->count; i++) {
        rows[i] = (struct join_row){groups->of_owner[i], join->owners[i].how};
    }
    write_section(answers->walk->output, SECTION_JOIN, join->count, rows,
                  (uint64_t)join->count * sizeof(struct join_row));
    unmap_bytes(rows, (uint64_t)join->count * sizeof(struct join_row));
}

void
write_groups(const struct answers *answers, const struct join *join, struct groups *groups)
{
    uint32_t count = groups->groups.count;
    struct group_row *rows = map_array(struct group_row, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct group *group = (struct group *)groups->groups.rows + i;
        uint32_t path = group->node == NO_NODE ? UINT32_MAX : find_path(answers, group->node);
        rows[i] = (struct group_row){group->type, path, group->objects, group->state};
    }
    write_join(answers, join, groups);
    write_section(answers->walk->output, SECTION_GROUPS, count, rows,
                  (uint64_t)count * sizeof(struct group_row));
    unmap_bytes(rows, (uint64_t)count * sizeof(struct group_row));
    drop_rows(&groups->groups);
}
