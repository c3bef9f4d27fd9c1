/* The objects that sampled blocks belong to, in groups: the sections JOIN and GROUPS. */
#include "sampled.h"

#define NO_GROUP UINT32_MAX

struct join_row {
    uint32_t group, how;
};

void
find_sampled(struct answers *answers, struct ways *ways, struct sampled *sampled)
{
    struct join join;
    find_owners(answers->walk, &join);
    sampled->groups = open_groups(ways);
    sampled->rows.size = sizeof(struct join_row);
    for (uint32_t i = 0; i < join.count; i++) {
        const struct owner *owner = &join.owners[i];
        struct join_row *row = add_row(&sampled->rows);
        row->group = owner->node == NO_NODE ? NO_GROUP
                                            : put_into_group(sampled->groups, owner->node);
        row->how = owner->how;
    }
    unmap_bytes(join.owners, (uint64_t)join.count * sizeof *join.owners);
    want_group_paths(answers, sampled->groups);
}

void
write_sampled(const struct answers *answers, struct sampled *sampled)
{
    write_section(answers->walk->output, SECTION_JOIN, sampled->rows.count, sampled->rows.rows,
                  (uint64_t)sampled->rows.count * sizeof(struct join_row));
    write_groups(answers, SECTION_GROUPS, sampled->groups);
    drop_rows(&sampled->rows);
    close_groups(sampled->groups);
}
