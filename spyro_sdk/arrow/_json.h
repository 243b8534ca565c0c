/* Columns in Arrow's layout, and what reads the records of a page into them. Nothing here knows Python. */

#ifndef SPYRO_JSON_H
#define SPYRO_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How libraries hand columns to each other: https://arrow.apache.org/docs/format/CDataInterface.html */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_NULLABLE 2

struct ArrowSchema {
    const char *format;
    const char *name;
    const char *metadata;
    int64_t flags;
    int64_t n_children;
    struct ArrowSchema **children;
    struct ArrowSchema *dictionary;
    void (*release)(struct ArrowSchema *);
    void *private_data;
};

struct ArrowArray {
    int64_t length;
    int64_t null_count;
    int64_t offset;
    int64_t n_buffers;
    int64_t n_children;
    const void **buffers;
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif

typedef enum { NOTHING, BOOL, INT, FLOAT, DECIMAL, TEXT, DATE, TIMESTAMP, TIME, LIST, STRUCT } Kind;

/* Bytes that grow. */
typedef struct {
    uint8_t *at;
    size_t length, room;
} Bytes;

/* The columns of an object by their names: open addressing, half of the slots empty. */
typedef struct {
    int32_t *slots; /* the place of a child, or -1 */
    uint32_t mask;
} Index;

typedef struct Column {
    Kind kind;
    const char *name; /* of the schema, which outlives us */
    size_t name_length;
    bool has_plain_name; /* it looks the same in JSON */
    bool is_nullable;
    bool is_signed;        /* INT */
    bool has_zone;         /* TIMESTAMP */
    int width;             /* bytes of each value */
    int places;            /* TIMESTAMP, TIME: digits of a second's fraction; DECIMAL: its scale */
    int precision;         /* DECIMAL */
    int64_t length, room;  /* values */
    int64_t null_count;
    uint8_t *valid;  /* a bit for each value; none before the first null */
    uint8_t *values; /* of TEXT and LIST where each ends, behind a 0 */
    Bytes text;      /* TEXT: all of it */
    int32_t count;   /* children */
    struct Column *children;
    Index index;
} Column;

typedef struct {
    const uint8_t *at, *end;
    bool is_closed;
    Bytes scratch;     /* a text with its escapes undone that goes into no column */
    const char *why;   /* it is refused; NULL: there is no memory */
} Parser;

/* Once, before anything is read; false where there is no memory. */
bool json_set_up(void);

/* Make `column` ready for values of `schema`. False, and why, where only another road reads these. */
bool column_begin(Column *column, const struct ArrowSchema *schema, const char **why);

/* Read a list of objects, the whole of the parser's text; false where it is refused. */
bool read_records(Parser *parser, Column *records);

/* Move what a column holds into `array`, which owns it from then on; false where there is no memory. */
bool column_give(Column *column, struct ArrowArray *array);

void column_end(Column *column);
void parser_end(Parser *parser);

#endif
