/* Adding up samples by stack, route and epoch.
 *
 * Horvitz and Thompson (1952): with probability p of being sampled, a sample of y counts y / p, and
 * (y / p)^2 (1 - p) is an unbiased estimate of what it adds to the variance of the sum. */

#include "rows.h"

#include <stdbool.h>
#include <stdlib.h>

static size_t
hash_of(const struct reading *reading)
{
    uint64_t hash = (uint64_t)reading->stack * 0x9E3779B97F4A7C15u;
    hash = (hash ^ (hash >> 31) ^ (uint32_t)reading->route) * 0xBF58476D1CE4E5B9u;
    hash = (hash ^ (hash >> 29) ^ reading->epoch) * 0x94D049BB133111EBu;
    return (size_t)(hash >> 32);
}

static bool
belongs(const struct row *row, const struct reading *reading)
{
    return row->stack == reading->stack && row->route == reading->route &&
           row->epoch == reading->epoch;
}

static void
add(struct row *row, const struct reading *reading)
{
    double bytes = (double)reading->size * reading->weight;
    row->samples++;
    row->bytes += bytes;
    row->objects += reading->weight;
    row->bytes_variance += bytes * bytes * (1 - 1 / reading->weight);
}

/* The row of a reading, begun where there was none; `places` is a hash table of numbers of rows,
 * counted from one. */
static struct row *
row_of(const struct reading *reading, uint32_t *places, size_t mask, struct row *rows, size_t *count)
{
    size_t place = hash_of(reading) & mask;
    while (places[place] != 0 && !belongs(&rows[places[place] - 1], reading)) {
        place = (place + 1) & mask;
    }
    if (places[place] == 0) {
        rows[*count] = (struct row){
            .stack = reading->stack, .route = reading->route, .epoch = reading->epoch};
        places[place] = (uint32_t)++*count;
    }
    return &rows[places[place] - 1];
}

struct row *
rows_add_up(const struct reading *readings, size_t count, size_t *row_count)
{
    *row_count = 0;
    size_t place_count = 2;
    while (place_count < count * 2) {
        place_count *= 2;
    }
    uint32_t *places = calloc(place_count, sizeof *places);
    struct row *rows = malloc((count + 1) * sizeof *rows);
    if (places == NULL || rows == NULL) {
        free(places);
        free(rows);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        add(row_of(&readings[i], places, place_count - 1, rows, row_count), &readings[i]);
    }
    free(places);
    return rows;
}
