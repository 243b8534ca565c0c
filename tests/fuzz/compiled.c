/* The compiled decoder under sanitizers: millions of damaged pages, and memory that runs out now and then.

   cc -std=c11 -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all tests/fuzz/compiled.c && ./a.out COUNT SEED

   A text is in memory of just its size, so that a byte read beyond its end is seen. What is read is looked at
   to its last value, and let go. Whether it is right, tests/fuzz/targets.py asks. */

#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t state;

/* xorshift64*: https://doi.org/10.1145/2845077 */
static uint64_t dice(uint64_t sides)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (state * UINT64_C(2685821657736338717) >> 16) % sides;
}

static int is_scarce; /* whether memory runs out now and then */

static void *scarce(void *found)
{
    if (!is_scarce || dice(50) > 0)
        return found;
    free(found);
    return NULL;
}

static void *scarce_realloc(void *block, size_t size)
{
    return is_scarce && dice(50) == 0 ? NULL : realloc(block, size);
}

#define malloc(size) scarce(malloc(size))
#define calloc(count, size) scarce(calloc(count, size))
#define realloc(block, size) scarce_realloc(block, size)
#include "../../spyro_sdk/arrow/_json.c"
#undef malloc
#undef calloc
#undef realloc

/* -- schemas -------------------------------------------------------------------------------------------- */

#define LEAF(format_, name_) {.format = format_, .name = name_, .flags = ARROW_FLAG_NULLABLE}
#define NODE(format_, name_, count, children_)                                                                 \
    {.format = format_, .name = name_, .flags = ARROW_FLAG_NULLABLE, .n_children = count, .children = children_}
#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct ArrowSchema id = {.format = "u", .name = "id"}, flag = LEAF("b", "a"), whole = LEAF("l", "b");
static struct ArrowSchema tiny = LEAF("C", "c"), real = LEAF("g", "d"), text = LEAF("u", "e"), none = LEAF("n", "f");
static struct ArrowSchema day = LEAF("tdD", "g"), stamp = LEAF("tsm:UTC", "h"), naive = LEAF("tsn:", "i");
static struct ArrowSchema clock_ = LEAF("ttu", "j"), money = LEAF("d:10,2", "k"), quoted = LEAF("u", "\"");
static struct ArrowSchema *of_items[] = {&text}, *of_point[] = {&real, &whole}, *of_points[1];
static struct ArrowSchema items = NODE("+l", "l", 1, of_items), point = NODE("+s", "m", 2, of_point);
static struct ArrowSchema points = NODE("+l", "n", 1, of_points);
static struct ArrowSchema *of_record[] = {&id,    &flag,   &whole, &tiny,  &real,   &text,  &none,  &day,
                                          &stamp, &naive,  &clock_, &money, &quoted, &items, &point, &points};
static struct ArrowSchema record = NODE("+s", "", COUNT(of_record), of_record);

/* -- pages ---------------------------------------------------------------------------------------------- */

static const char *SEEDS[] = {
    "[]",
    "[{\"id\":\"1\",\"a\":true,\"b\":-9223372036854775808,\"c\":255,\"d\":0.1234567890123456789,\"e\":\"x\"}]",
    "[{\"id\":\"2\",\"f\":null,\"g\":\"2024-02-29\",\"h\":\"2024-02-29T12:00:00.000+0000\",\"e\":\"\\ud83d\\ude00\"}]",
    "[{\"id\":\"3\",\"i\":\"2261-12-31T23:59:59.123456789\",\"j\":\"12:34:56.5Z\",\"k\":-12.50,\"\\\"\":\"\\n\\u20ac\"}]",
    "[{\"id\":\"4\",\"l\":[\"a\",null,\"\"],\"m\":{\"d\":1.5e-300,\"b\":0},\"n\":[{\"d\":-0.0},null,{}]},{\"id\":\"\"}]",
    "[{\"x\":[1,{\"y\":[null,\"z\\\\\"]},-1.5E+9,true,false],\"id\":\"a text of more than sixteen bytes\"} , {\"id\":\"\"}]",
    "[{\"id\":\"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80 and what comes behind it, so that blocks are full\",\"m\":null}]",
};
static const char *PIECES[] = {
    "\"", "\\", "[", "]", "{", "}", ",", ":", "-", "0", "9", ".", "e", "\x80", "\xff", "\xf0\x9f", "\\u", "\\ud83d",
    "null", "true", "1e400", "1e-400", "\"id\":", "\"m\":{", "\"n\":[", "\"x\":[", "},{", "99999999999999999999",
    "{\"id\":\"\"},{\"id\":\"\",\"b\":1},", "\"aaaaaaaaaaaaaaaa\"", "\n", "T", "Z", "+05:30",
};
enum { LONGEST = 2048, MOST_EDITS = 6 };

typedef struct {
    uint8_t bytes[LONGEST + 256];
    size_t length;
} Page;

/* Put a piece in front of the byte at `at`, or over what is there. */
static void put_piece(Page *page, size_t at, const char *piece, bool is_over)
{
    size_t size = strlen(piece), behind = page->length - at, gone = !is_over ? 0 : size < behind ? size : behind;
    memmove(page->bytes + at + size, page->bytes + at + gone, behind - gone);
    memcpy(page->bytes + at, piece, size);
    page->length += size - gone;
}

/* Double, or take out, some bytes from `at` on. */
static void change_run(Page *page, size_t at, bool is_doubled)
{
    size_t behind = page->length - at, size = dice(200) < behind ? dice(200) : behind;
    size = size < behind ? size : behind;
    memmove(page->bytes + at + (is_doubled ? size : 0), page->bytes + at + (is_doubled ? 0 : size),
            is_doubled ? behind : behind - size);
    page->length += is_doubled ? size : 0 - size;
}

static void damage(Page *page)
{
    size_t at = dice(page->length + 1);
    switch (dice(8)) {
    case 0: page->length = at; break;
    case 1: change_run(page, at, true); break;
    case 2: change_run(page, at, false); break;
    case 3: page->bytes[at] = (uint8_t)dice(256); break; /* there is room behind the end */
    default: put_piece(page, at, PIECES[dice(COUNT(PIECES))], dice(2));
    }
    if (page->length > LONGEST)
        page->length = LONGEST;
}

static void draw(Page *page)
{
    const char *seed = SEEDS[dice(COUNT(SEEDS))];
    page->length = strlen(seed);
    memcpy(page->bytes, seed, page->length);
    for (uint64_t edits = dice(MOST_EDITS); edits > 0; edits--)
        damage(page);
}

/* -- what is looked at ---------------------------------------------------------------------------------- */

static uint64_t seen; /* so that nothing of it is left out */

static void look_at_bytes(const void *bytes, size_t size)
{
    for (size_t place = 0; place < size; place++)
        seen += ((const uint8_t *)bytes)[place];
}

static void look_at(const struct ArrowArray *array, const struct ArrowSchema *schema)
{
    Column kind = {0};
    be_of(&kind, schema->format);
    if (array->n_buffers > 0 && array->buffers[0] != NULL)
        look_at_bytes(array->buffers[0], bits(array->length));
    if (array->n_buffers > 1)
        look_at_bytes(array->buffers[1], values_size(&kind, array->length));
    if (array->n_buffers > 2)
        look_at_bytes(array->buffers[2], (size_t)((const int32_t *)array->buffers[1])[array->length]);
    for (int64_t place = 0; place < array->n_children; place++) {
        int64_t length = kind.kind == LIST ? ((const int32_t *)array->buffers[1])[array->length] : array->length;
        if (array->children[place]->length != length)
            abort();
        look_at(array->children[place], schema->children[place]);
    }
}

/* Read a page; whether it was taken. */
static bool try(const uint8_t *bytes, size_t length, bool is_closed)
{
    Parser parser = {.at = bytes, .end = bytes + length, .is_closed = is_closed};
    Column records = {0};
    bool is_read = column_begin(&records, &record, &parser.why) && read_records(&parser, &records);
    for (int32_t place = 0; is_read && place < records.count; place++) {
        struct ArrowArray array;
        if (column_give(&records.children[place], &array)) {
            look_at(&array, record.children[place]);
            array.release(&array);
        }
    }
    column_end(&records);
    parser_end(&parser);
    return is_read;
}

int main(int count, char **arguments)
{
    uint64_t wanted = count > 1 ? strtoull(arguments[1], NULL, 10) : 1000000, taken = 0;
    state = (count > 2 ? strtoull(arguments[2], NULL, 10) : 0) * 2 + UINT64_C(0x9e3779b97f4a7c15);
    of_points[0] = &point;
    if (!json_set_up())
        return 1;
    for (uint64_t number = 0; number < wanted; number++) {
        static Page page;
        draw(&page);
        uint8_t *bytes = malloc(page.length);
        memcpy(bytes, page.bytes, page.length);
        is_scarce = number % 8 == 7;
        taken += try(bytes, page.length, dice(2));
        is_scarce = 0;
        free(bytes);
    }
    printf("%llu pages, of which %llu were taken (%llx)\n", (unsigned long long)wanted, (unsigned long long)taken,
           (unsigned long long)seen);
    return 0;
}
