/* Groups of objects that are held alike, in a hash table by way, type and state. */
#include "groups.h"

#define MOST_GROUPS 4096    /* with a way; the other objects share a group for each type */
#define DOMINATORS_ABOVE 16 /* so many are asked whether what they retain was counted */

/* A row of GROUPS as output.h describes it. */
struct group_row {
    uint32_t type, path, objects, state;
    uint64_t retained_bytes;
};

struct groups *
open_groups(struct ways *ways)
{
    struct groups *groups = map_array(struct groups, 1);
    groups->ways = ways;
    groups->groups.size = sizeof(struct group);
    groups->of_node = map_array(uint32_t, ways->walk->graph.nodes);
    groups->rest = map_array(uint32_t, ways->walk->types.count);
    return groups;
}

void
close_groups(struct groups *groups)
{
    const struct walk *walk = groups->ways->walk;
    drop_rows(&groups->groups);
    unmap_bytes(groups->of_node, (uint64_t)walk->graph.nodes * sizeof(uint32_t));
    unmap_bytes(groups->rest, (uint64_t)walk->types.count * sizeof(uint32_t));
    unmap_bytes(groups, sizeof *groups);
}

static struct group *
group_at(const struct groups *groups, uint32_t number)
{
    return (struct group *)groups->groups.rows + number;
}

/* An empty one; returns its number plus one. */
static uint32_t
add_group(struct groups *groups, uint64_t way, uint32_t node)
{
    const struct walk *walk = groups->ways->walk;
    struct group *group = add_row(&groups->groups);
    *group = (struct group){.way = way,
                            .type = walk->types.of_node[node],
                            .node = NO_NODE,
                            .state = walk->reach.state[node]};
    return groups->groups.count;
}

static uint32_t *
find_slot(struct groups *groups, uint64_t way, uint32_t node)
{
    const struct walk *walk = groups->ways->walk;
    uint32_t type = walk->types.of_node[node], state = walk->reach.state[node];
    uint32_t at = (uint32_t)mix(mix(way, type), state) % GROUP_SLOTS;
    for (; groups->slots[at] != 0; at = (at + 1) % GROUP_SLOTS) {
        const struct group *group = group_at(groups, groups->slots[at] - 1);
        if (group->way == way && group->type == type && group->state == state) {
            break;
        }
    }
    return &groups->slots[at];
}

static void
note_shortest(struct group *group, uint32_t node, uint32_t depth)
{
    if (group->node == NO_NODE || depth < group->depth) {
        group->node = node;
        group->depth = depth;
    }
}

/* The number, plus one, of the group that an object belongs to. */
static uint32_t
group_of(struct groups *groups, uint32_t node)
{
    const struct way *way = way_to(groups->ways, node);
    uint32_t *slot = find_slot(groups, way->way, node);
    if (*slot == 0 && groups->with_way < MOST_GROUPS) {
        groups->with_way++;
        *slot = add_group(groups, way->way, node);
    }
    if (*slot != 0) {
        note_shortest(group_at(groups, *slot - 1), node, way->depth);
        return *slot;
    }
    uint32_t *rest = &groups->rest[groups->ways->walk->types.of_node[node]];
    if (*rest == 0) {
        *rest = add_group(groups, 0, node);
    }
    return *rest;
}

uint32_t
put_into_group(struct groups *groups, uint32_t node)
{
    uint32_t number = groups->of_node[node];
    if (number == 0) {
        number = group_of(groups, node);
        groups->of_node[node] = number;
        group_at(groups, number - 1)->objects++;
    }
    return number - 1;
}

/* Whether a dominator of the same group has this object's retained bytes in its own. */
static int
is_retained_by_alike(const struct groups *groups, uint32_t node)
{
    const uint32_t *dominator = groups->ways->walk->dominator;
    uint32_t above = dominator[node];
    for (int i = 0; i < DOMINATORS_ABOVE && above != NO_NODE; i++, above = dominator[above]) {
        if (groups->of_node[above] == groups->of_node[node]) {
            return 1;
        }
    }
    return 0;
}

static void
sum_group_retained(const struct walk *walk, const struct groups *groups)
{
    for (uint32_t node = walk->graph.virtual_count; node < walk->graph.nodes; node++) {
        uint32_t number = groups->of_node[node];
        if (number != 0 && !is_retained_by_alike(groups, node)) {
            group_at(groups, number - 1)->retained_bytes += walk->retained[node];
        }
    }
}

void
want_group_paths(struct answers *answers, const struct groups *groups)
{
    if (groups->groups.count > 0) {
        sum_group_retained(answers->walk, groups);
    }
    for (uint32_t i = 0; i < groups->groups.count; i++) {
        if (group_at(groups, i)->node != NO_NODE) {
            want_path(answers, group_at(groups, i)->node, WHY_GROUP);
        }
    }
}

void
write_groups(const struct answers *answers, enum section section, const struct groups *groups)
{
    uint32_t count = groups->groups.count;
    struct group_row *rows = map_array(struct group_row, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct group *group = group_at(groups, i);
        uint32_t path = group->node == NO_NODE ? UINT32_MAX : find_path(answers, group->node);
        rows[i] = (struct group_row){group->type, path, group->objects, group->state,
                                     group->retained_bytes};
    }
    write_section(answers->walk->output, section, count, rows,
                  (uint64_t)count * sizeof(struct group_row));
    unmap_bytes(rows, (uint64_t)count * sizeof(struct group_row));
}
