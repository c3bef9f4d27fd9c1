/* The newest objects of some types, in groups that are held alike: the section HELD.
 *
 * The collector's lists have the oldest objects first, and the graph keeps their order. So the last
 * tracked nodes of a type are its newest objects, and those tell what makes it grow: of a common
 * type most of the old ones are innocent. What is not tracked has no such order; it takes less time
 * to look at some of it than to find out its age. */
#include "newest.h"

#include <string.h>

#define MOST_PATHS 20       /* of one type; of its other groups no path is told */
#define UNTRACKED_FOR_ONE 10 /* untracked objects that are looked at for each tracked one */

/* Whether a name is one of the wanted ones, which stand in lines. */
static int
is_wanted(const char *wanted, const char *name, size_t length)
{
    while (*wanted != '\0') {
        size_t line = strcspn(wanted, "\n");
        if (line == length && memcmp(wanted, name, length) == 0) {
            return 1;
        }
        wanted += line;
        wanted += *wanted == '\n';
    }
    return 0;
}

/* How many tracked objects of each type are to be looked at. */
static uint32_t *
list_wanted(const struct walk *walk)
{
    uint32_t *counts = map_array(uint32_t, walk->types.count);
    for (uint32_t type = 0; type < walk->types.count; type++) {
        size_t length;
        const char *name = string_at(walk->output, walk->types.tallies[type].name, &length);
        if (is_wanted(walk->request->newest_types, name, length)) {
            counts[type] = walk->request->newest;
        }
    }
    return counts;
}

static void
group_tracked(const struct walk *walk, const uint32_t *wanted, struct groups *groups)
{
    uint32_t first = walk->graph.virtual_count;
    uint32_t *looked_at = map_array(uint32_t, walk->types.count);
    for (uint32_t node = first + walk->graph.tracked_count; node-- > first;) {
        uint32_t type = walk->types.of_node[node];
        if (looked_at[type] < wanted[type] && walk->reach.state[node] != STATE_OWN) {
            looked_at[type]++;
            (void)put_into_group(groups, node);
        }
    }
    unmap_bytes(looked_at, (uint64_t)walk->types.count * sizeof *looked_at);
}

/* Constants, names and tables of lines: of code, or of a tuple in it. */
static int
is_part_of_code(const struct walk *walk, uint32_t node)
{
    uint32_t holder = walk->reach.parent[node];
    for (int i = 0; i < 2 && holder != NO_NODE && holder >= walk->graph.virtual_count; i++) {
        if (PyCode_Check(walk->graph.objects[holder])) {
            return 1;
        }
        holder = walk->reach.parent[holder];
    }
    return 0;
}

/* Every so many objects of a type, so that they are spread over all. */
static void
group_untracked(const struct walk *walk, const uint32_t *wanted, struct groups *groups)
{
    const struct graph *graph = &walk->graph;
    uint64_t *seen = map_array(uint64_t, walk->types.count);
    for (uint32_t node = graph->virtual_count + graph->tracked_count; node < graph->nodes; node++) {
        uint32_t type = walk->types.of_node[node];
        if (wanted[type] == 0 || walk->reach.state[node] == STATE_OWN
            || is_part_of_code(walk, node)) {
            continue;
        }
        uint64_t most = (uint64_t)wanted[type] * UNTRACKED_FOR_ONE;
        if (seen[type]++ % (walk->types.tallies[type].objects / most + 1) == 0) {
            (void)put_into_group(groups, node);
        }
    }
    unmap_bytes(seen, (uint64_t)walk->types.count * sizeof *seen);
}

/* How many groups of the same type are larger, or as large and before it. */
static uint32_t
rank_of(const struct groups *groups, uint32_t number)
{
    const struct group *all = groups->groups.rows, *group = all + number;
    uint32_t rank = 0;
    for (uint32_t i = 0; i < groups->groups.count; i++) {
        int is_before = all[i].objects > group->objects
                        || (all[i].objects == group->objects && i < number);
        rank += (uint32_t)(all[i].type == group->type && is_before);
    }
    return rank;
}

static void
keep_largest(struct groups *groups)
{
    struct group *all = groups->groups.rows;
    for (uint32_t i = 0; i < groups->groups.count; i++) {
        if (rank_of(groups, i) >= MOST_PATHS) {
            all[i].node = NO_NODE;
        }
    }
}

struct groups *
find_newest(struct answers *answers, struct ways *ways)
{
    const struct walk *walk = answers->walk;
    struct groups *groups = open_groups(ways);
    if (walk->request->newest_types[0] != '\0') {
        uint32_t *wanted = list_wanted(walk);
        group_tracked(walk, wanted, groups);
        group_untracked(walk, wanted, groups);
        unmap_bytes(wanted, (uint64_t)walk->types.count * sizeof *wanted);
        keep_largest(groups);
    }
    want_group_paths(answers, groups);
    return groups;
}
