/* The records of a page, from their JSON text straight into Arrow's columns.

   It reads what it can read exactly, and refuses the page where it is in doubt: another road takes it then. A
   function returns false where the page is refused; all memory is in the columns, which their owner frees. The
   text is bounded by `end` and by nothing else: there is no zero behind it. Nothing is read ahead: each value
   goes into its column where it is met, and a page that turns out to be refused has cost its reading. */

#define _GNU_SOURCE /* strtod_l */
#include <float.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#if defined(__APPLE__)
#include <xlocale.h>
#endif
#if defined(__SSE2__) && !defined(SPYRO_PORTABLE)
#include <emmintrin.h>
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#error "decimals are put together as on a little-endian machine: pyarrow.json reads the pages here"
#endif

#include "_json.h"

enum {
    DEEPEST = 32,          /* levels of nesting that become types; as in exact.py */
    DEEPEST_SKIPPED = 64,  /* levels of what nobody wants: one bit each */
    MOST_FIELDS = 1000,    /* of an object in a record; as in schema.py */
    FIRST_ROOM = 64,       /* values; a multiple of 8, as all that it grows to */
    LONGEST_NUMBER = 128,  /* characters of a number that is no int */
    FARTHEST = 100000,     /* an exponent as good as any that is larger */
    MOST_DIGITS = 18,      /* of a decimal: all that fit an int64, whatever they are */
};
static const uint64_t EXACT = UINT64_C(1) << 53; /* up to here every whole number is a double */
static const int64_t FIRST_DAY = -719162, LAST_DAY = 2932896; /* of the years 1 to 9999, all that Python can say */
static const int64_t DAY = 86400; /* seconds */

static bool refuse(Parser *parser, const char *why)
{
    parser->why = why;
    return false;
}

static bool no_memory(Parser *parser)
{
    return refuse(parser, NULL);
}

/* -- what is gathered ----------------------------------------------------------------------------------- */

static bool resize(void *block, size_t size)
{
    void **at = block;
    void *moved = realloc(*at, size > 0 ? size : 1);
    if (moved == NULL)
        return false;
    *at = moved;
    return true;
}

/* Make room for so many bytes more. */
static bool reserve(Parser *parser, Bytes *bytes, size_t more)
{
    if (bytes->at != NULL && bytes->room - bytes->length >= more)
        return true;
    size_t room = bytes->room * 2 + more;
    if (!resize(&bytes->at, room))
        return no_memory(parser);
    bytes->room = room;
    return true;
}

static size_t bits(int64_t count)
{
    return (size_t)(count + 7) / 8;
}

/* Bits are set in their order: the first of a byte gives all of it a value. */
static void set_bit(uint8_t *bitmap, int64_t at, bool bit)
{
    if (at % 8 == 0)
        bitmap[at / 8] = bit;
    else
        bitmap[at / 8] |= (uint8_t)(bit << at % 8);
}

static bool has_ends(const Column *column)
{
    return column->kind == TEXT || column->kind == LIST;
}

/* The bytes that so many values take. */
static size_t values_size(const Column *column, int64_t count)
{
    if (column->kind == BOOL)
        return bits(count);
    return (size_t)(count + has_ends(column)) * (size_t)column->width;
}

/* Make room for one more value. */
static bool make_room(Parser *parser, Column *column)
{
    if (column->length < column->room)
        return true;
    int64_t room = column->room > 0 ? column->room * 2 : FIRST_ROOM;
    if (!resize(&column->values, values_size(column, room)))
        return no_memory(parser);
    if (column->valid != NULL && !resize(&column->valid, bits(room)))
        return no_memory(parser);
    if (has_ends(column) && column->room == 0)
        memset(column->values, 0, sizeof(int32_t));
    column->room = room;
    return true;
}

static void put_end(Column *column, int64_t end)
{
    ((int32_t *)column->values)[column->length + 1] = (int32_t)end;
}

static void put_int(Column *column, int64_t value)
{
    uint8_t *at = column->values + column->length * column->width;
    switch (column->width) {
    case 1: *at = (uint8_t)value; break;
    case 2: *(uint16_t *)(void *)at = (uint16_t)value; break;
    case 4: *(uint32_t *)(void *)at = (uint32_t)value; break;
    default: *(uint64_t *)(void *)at = (uint64_t)value; break;
    }
}

/* Two's complement in 128 bits, the lower half first. */
static void put_decimal(Column *column, int64_t value)
{
    int64_t halves[] = {value, value < 0 ? -1 : 0};
    memcpy(column->values + column->length * column->width, halves, sizeof halves);
}

/* Count the value that has just been put behind the others. */
static void count_value(Column *column)
{
    if (column->valid != NULL)
        set_bit(column->valid, column->length, true);
    column->length++;
}

/* From the first null on it is noted which values are none. */
static bool note_nulls(Parser *parser, Column *column)
{
    if (!resize(&column->valid, bits(column->room)))
        return no_memory(parser);
    memset(column->valid, 0xff, bits(column->length));
    if (column->length % 8 != 0)
        column->valid[column->length / 8] = (uint8_t)((1 << column->length % 8) - 1);
    return true;
}

static void put_nothing(Column *column)
{
    if (column->kind == BOOL)
        set_bit(column->values, column->length, false);
    else if (has_ends(column))
        put_end(column, ((int32_t *)column->values)[column->length]);
    else if (column->width > 0)
        memset(column->values + column->length * column->width, 0, (size_t)column->width);
}

static bool append_null(Parser *parser, Column *column)
{
    if (!column->is_nullable)
        return refuse(parser, "a null stands where the schema allows none");
    if (!make_room(parser, column) || (column->valid == NULL && !note_nulls(parser, column)))
        return false;
    put_nothing(column);
    set_bit(column->valid, column->length, false);
    column->null_count++;
    column->length++;
    for (int32_t place = 0; column->kind == STRUCT && place < column->count; place++)
        if (!append_null(parser, &column->children[place]))
            return false;
    return true;
}

/* -- what stands between values ------------------------------------------------------------------------- */

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

static void skip_space(Parser *parser)
{
    while (parser->at < parser->end && is_space(*parser->at))
        parser->at++;
}

/* Step over the mark where it comes next, and say whether it did. */
static bool follows(Parser *parser, uint8_t mark)
{
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != mark)
        return false;
    parser->at++;
    return true;
}

static bool expect(Parser *parser, uint8_t mark)
{
    return follows(parser, mark) || refuse(parser, "another mark is expected, or the text ends too early");
}

static bool expect_word(Parser *parser, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0)
        return refuse(parser, "a value is no JSON, or of another kind than the column");
    parser->at += length;
    return true;
}

/* -- texts ---------------------------------------------------------------------------------------------- */

/* A text as it is written between its quotes. */
typedef struct {
    const uint8_t *at;
    size_t length;
    bool has_escape, is_ascii;
} Text;

static bool ends_run(uint8_t byte)
{
    return byte == '"' || byte == '\\' || byte < 0x20;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Whether one of eight bytes may end a run. Some that do not are taken for such, none the other way round. */
static bool may_end_run(uint64_t word)
{
    uint64_t quote = word ^ EACH('"'), slash = word ^ EACH('\\');
    uint64_t found = (quote - EACH(1)) | (slash - EACH(1)) | (word - EACH(0x20));
    return (found & ~word & EACH(0x80)) != 0;
}

/* Where a quote, a backslash or a control character is; `high` collects whether a byte before is not ASCII. */
static const uint8_t *run_end(const uint8_t *at, const uint8_t *end, uint64_t *high)
{
#if defined(__SSE2__) && !defined(SPYRO_PORTABLE)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);
    for (; end - at >= 16; at += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)at);
        __m128i found = _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, slash));
        found = _mm_or_si128(found, _mm_cmpeq_epi8(_mm_min_epu8(block, control), block));
        unsigned ends = (unsigned)_mm_movemask_epi8(found), highs = (unsigned)_mm_movemask_epi8(block);
        if (ends != 0) {
            *high |= highs & (ends ^ (ends - 1)); /* up to the first that ends it, which itself is ASCII */
            return at + __builtin_ctz(ends);
        }
        *high |= highs;
    }
#endif
    for (uint64_t word; end - at >= 8; at += 8) {
        memcpy(&word, at, 8);
        if (may_end_run(word))
            break;
        *high |= word & EACH(0x80);
    }
    for (; at < end && !ends_run(*at); at++)
        *high |= *at & 0x80u;
    return at;
}

static bool is_between(uint8_t byte, uint8_t low, uint8_t high)
{
    return low <= byte && byte <= high;
}

/* The bytes of the character at `at`, of which the first is not ASCII; 0 where it is none.
   The table is that of RFC 3629, section 4: no long form, no half of a pair, nothing behind U+10FFFF. */
static size_t character(const uint8_t *at, size_t left)
{
    uint8_t first = at[0], low = 0x80, high = 0xbf;
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (!is_between(first, 0xc2, 0xf4) || left < size)
        return 0;
    if (first == 0xe0)
        low = 0xa0;
    if (first == 0xed)
        high = 0x9f;
    if (first == 0xf0)
        low = 0x90;
    if (first == 0xf4)
        high = 0x8f;
    if (!is_between(at[1], low, high))
        return 0;
    for (size_t place = 2; place < size; place++)
        if (!is_between(at[place], 0x80, 0xbf))
            return 0;
    return size;
}

static bool is_utf8(const uint8_t *at, size_t left)
{
    while (left > 0) {
        uint64_t word;
        size_t size = 1;
        if (left >= 8 && (memcpy(&word, at, 8), (word & EACH(0x80)) == 0))
            size = 8;
        else if (*at >= 0x80 && (size = character(at, left)) == 0)
            return false;
        at += size;
        left -= size;
    }
    return true;
}

/* Read a text up to its last quote; its first one is behind us. */
static bool read_text(Parser *parser, Text *text)
{
    uint64_t high = 0;
    const uint8_t *start = parser->at, *at = run_end(start, parser->end, &high);
    text->has_escape = false;
    while (at < parser->end && *at == '\\') { /* what is behind the backslash may be a quote */
        text->has_escape = true;
        if (parser->end - at < 2)
            return refuse(parser, "a text has no end");
        high |= at[1] & 0x80u;
        at = run_end(at + 2, parser->end, &high);
    }
    if (at == parser->end || *at != '"')
        return refuse(parser, "a text has no end, or holds a control character");
    text->at = start;
    text->length = (size_t)(at - start);
    text->is_ascii = high == 0;
    parser->at = at + 1;
    return text->is_ascii || is_utf8(start, text->length) || refuse(parser, "a text is not UTF-8");
}

/* The value of four hexadecimal digits; -1 where there are none. */
static int32_t hexadecimal(const uint8_t *at, const uint8_t *end)
{
    int32_t value = 0;
    if (end - at < 4)
        return -1;
    for (int place = 0; place < 4; place++) {
        uint8_t byte = at[place], letter = byte | 0x20;
        if (is_between(byte, '0', '9'))
            value = value * 16 + byte - '0';
        else if (is_between(letter, 'a', 'f'))
            value = value * 16 + letter - 'a' + 10;
        else
            return -1;
    }
    return value;
}

static uint8_t *put_character(uint8_t *to, int32_t code)
{
    if (code < 0x80) {
        *to++ = (uint8_t)code;
    } else if (code < 0x800) {
        *to++ = (uint8_t)(0xc0 | code >> 6);
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (uint8_t)(0xe0 | code >> 12);
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    } else {
        *to++ = (uint8_t)(0xf0 | code >> 18);
        *to++ = (uint8_t)(0x80 | (code >> 12 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code >> 6 & 0x3f));
        *to++ = (uint8_t)(0x80 | (code & 0x3f));
    }
    return to;
}

/* Read what follows `\u`, two such where they are the halves of one character; -1 where it is none. */
static int32_t read_code(const uint8_t **at, const uint8_t *end)
{
    int32_t code = hexadecimal(*at, end);
    if (code < 0)
        return -1;
    *at += 4;
    if (code < 0xd800 || code > 0xdfff)
        return code;
    if (code > 0xdbff || end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
        return -1;
    int32_t half = hexadecimal(*at + 2, end);
    if (half < 0xdc00 || half > 0xdfff)
        return -1;
    *at += 6;
    return 0x10000 + ((code - 0xd800) << 10) + (half - 0xdc00);
}

/* What the letter behind a backslash stands for; -1 where it stands for nothing. */
static int32_t escaped(uint8_t letter)
{
    switch (letter) {
    case '"': case '\\': case '/': return letter;
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return -1;
    }
}

/* Read an escape, of which the backslash and a byte behind it are there; -1 where it stands for nothing. */
static int32_t read_escape(const uint8_t **at, const uint8_t *end)
{
    uint8_t letter = (*at)[1];
    *at += 2;
    return letter == 'u' ? read_code(at, end) : escaped(letter);
}

/* Put what a text says behind `bytes`: never more than it is written with. */
static bool unescape(Parser *parser, const Text *text, Bytes *bytes)
{
    if (!reserve(parser, bytes, text->length))
        return false;
    const uint8_t *at = text->at, *end = at + text->length;
    uint8_t *to = bytes->at + bytes->length;
    while (at < end) {
        const uint8_t *slash = memchr(at, '\\', (size_t)(end - at));
        size_t run = (size_t)((slash != NULL ? slash : end) - at);
        memcpy(to, at, run);
        to += run;
        at += run;
        if (at < end) {
            int32_t code = read_escape(&at, end);
            if (code < 0)
                return refuse(parser, "an escape stands for nothing, or for half a character");
            to = put_character(to, code);
        }
    }
    bytes->length = (size_t)(to - bytes->at);
    return true;
}

/* Undo the escapes of a text, which then lies in the scratch until the next one does. */
static bool make_plain(Parser *parser, Text *text)
{
    if (!text->has_escape)
        return true;
    parser->scratch.length = 0;
    if (!unescape(parser, text, &parser->scratch))
        return false;
    text->at = parser->scratch.at;
    text->length = parser->scratch.length;
    return true;
}

static bool put_text(Parser *parser, Column *column, const Text *text)
{
    Bytes *bytes = &column->text;
    if (text->has_escape) {
        if (!unescape(parser, text, bytes))
            return false;
    } else {
        if (!reserve(parser, bytes, text->length))
            return false;
        memcpy(bytes->at + bytes->length, text->at, text->length);
        bytes->length += text->length;
    }
    put_end(column, (int64_t)bytes->length);
    return true;
}

/* -- numbers -------------------------------------------------------------------------------------------- */

/* A number as it is written: `digits` times ten to the power of `exponent`. */
typedef struct {
    const uint8_t *at;
    size_t length;
    uint64_t digits;
    int64_t exponent;
    bool is_negative, is_int;
    bool is_long; /* more digits than fit: `digits` are only the first of them */
} Number;

static const uint64_t POWERS[] = {
    UINT64_C(1),
    UINT64_C(10),
    UINT64_C(100),
    UINT64_C(1000),
    UINT64_C(10000),
    UINT64_C(100000),
    UINT64_C(1000000),
    UINT64_C(10000000),
    UINT64_C(100000000),
    UINT64_C(1000000000),
    UINT64_C(10000000000),
    UINT64_C(100000000000),
    UINT64_C(1000000000000),
    UINT64_C(10000000000000),
    UINT64_C(100000000000000),
    UINT64_C(1000000000000000),
    UINT64_C(10000000000000000),
    UINT64_C(100000000000000000),
    UINT64_C(1000000000000000000),
};
/* All powers of ten that a double holds exactly. */
static const double DOUBLES[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
enum { MOST_EXACT = 22 };

/* The locale of C, in which a point is a point. */
#if defined(_WIN32)
static _locale_t plain_locale;
#define MAKE_LOCALE() _create_locale(LC_ALL, "C")
#define TO_DOUBLE _strtod_l
#else
static locale_t plain_locale;
#define MAKE_LOCALE() newlocale(LC_ALL_MASK, "C", (locale_t)0)
#define TO_DOUBLE strtod_l
#endif

bool json_set_up(void)
{
    if (!plain_locale)
        plain_locale = MAKE_LOCALE();
    return plain_locale;
}

/* Step over the byte where it comes next, and say whether it did. */
static bool step(Parser *parser, uint8_t byte)
{
    bool comes = parser->at < parser->end && *parser->at == byte;
    parser->at += comes;
    return comes;
}

static bool at_digit(const Parser *parser)
{
    return parser->at < parser->end && is_between(*parser->at, '0', '9');
}

/* Read one digit and more; false where there is none. */
static bool read_digits(Parser *parser, Number *number)
{
    const uint8_t *start = parser->at;
    for (; at_digit(parser); parser->at++) {
        uint64_t digit = (uint64_t)(*parser->at - '0');
        number->is_long |= number->digits > (UINT64_MAX - digit) / 10;
        if (!number->is_long)
            number->digits = number->digits * 10 + digit;
    }
    return parser->at > start;
}

static bool read_exponent(Parser *parser, Number *number)
{
    int64_t exponent = 0;
    bool is_negative = step(parser, '-');
    if (!is_negative)
        step(parser, '+');
    if (!at_digit(parser))
        return false;
    for (; at_digit(parser); parser->at++)
        if (exponent < FARTHEST)
            exponent = exponent * 10 + (*parser->at - '0');
    number->exponent += is_negative ? -exponent : exponent;
    number->is_int = false;
    return true;
}

static bool read_fraction(Parser *parser, Number *number)
{
    const uint8_t *start = parser->at;
    bool is_read = read_digits(parser, number);
    number->exponent = start - parser->at;
    number->is_int = false;
    return is_read;
}

static bool read_number(Parser *parser, Number *number)
{
    *number = (Number){.at = parser->at, .is_int = true};
    number->is_negative = step(parser, '-');
    bool is_read = step(parser, '0') || read_digits(parser, number); /* no digit may follow a zero */
    if (is_read && step(parser, '.'))
        is_read = read_fraction(parser, number);
    if (is_read && (step(parser, 'e') || step(parser, 'E')))
        is_read = read_exponent(parser, number);
    number->length = (size_t)(parser->at - number->at);
    return is_read || refuse(parser, "a value is no JSON, or of another kind than the column");
}

static bool put_whole(Parser *parser, Column *column, const Number *number)
{
    int width = column->width * 8;
    uint64_t most = UINT64_MAX >> (64 - width);
    if (column->is_signed)
        most = (most >> 1) + number->is_negative;
    else if (number->is_negative)
        most = 0;
    if (!number->is_int || number->is_long || number->digits > most)
        return refuse(parser, "a number is not whole, or too large for its column");
    put_int(column, (int64_t)(number->is_negative ? 0 - number->digits : number->digits));
    return true;
}

/* Whether one multiplication or division of two doubles that are exact gives the nearest one (Clinger). */
static bool is_simple(const Number *number)
{
    return FLT_EVAL_METHOD == 0 && !number->is_long && number->digits <= EXACT &&
           -MOST_EXACT <= number->exponent && number->exponent <= MOST_EXACT;
}

static double simple_double(const Number *number)
{
    double digits = (double)number->digits;
    return number->exponent < 0 ? digits / DOUBLES[-number->exponent] : digits * DOUBLES[number->exponent];
}

/* The nearest double of a positive number by the C library, which rounds right; 0 or infinity where it is none. */
static double library_double(const Number *number)
{
    char text[LONGEST_NUMBER + 1];
    memcpy(text, number->at + number->is_negative, number->length - number->is_negative);
    text[number->length - number->is_negative] = '\0';
    return TO_DOUBLE(text, NULL, plain_locale);
}

static bool put_double(Parser *parser, Column *column, const Number *number)
{
    double value = 0;
    if (number->is_int && (number->is_long || number->digits > EXACT))
        return refuse(parser, "an int has more digits than a float");
    if (is_simple(number)) {
        value = simple_double(number);
    } else if (number->digits != 0) {
        if (number->length > LONGEST_NUMBER)
            return refuse(parser, "a number is very long");
        value = library_double(number);
        if (!(0 < value && value <= DBL_MAX))
            return refuse(parser, "a number is beyond the range of a float");
    }
    if (number->is_negative)
        value = number->is_int ? 0 - value : -value; /* the int -0 is 0 */
    memcpy(column->values + column->length * column->width, &value, sizeof value);
    return true;
}

/* The digits of a number that has `places` behind its point; false where these are not all, or too many. */
static bool scaled(const Number *number, int places, uint64_t *digits)
{
    int64_t shift = number->exponent + places;
    *digits = number->digits;
    if (number->is_long || shift > MOST_DIGITS || shift < -MOST_DIGITS)
        return false;
    if (shift < 0) {
        *digits /= POWERS[-shift];
        return *digits * POWERS[-shift] == number->digits;
    }
    if (number->digits > POWERS[MOST_DIGITS] / POWERS[shift])
        return false;
    *digits *= POWERS[shift];
    return true;
}

static bool put_decimal_of(Parser *parser, Column *column, const Number *number)
{
    uint64_t digits;
    int most = column->precision < MOST_DIGITS ? column->precision : MOST_DIGITS;
    if (!scaled(number, column->places, &digits) || digits >= POWERS[most])
        return refuse(parser, "a number has more digits or places than its column");
    put_decimal(column, number->is_negative ? -(int64_t)digits : (int64_t)digits);
    return true;
}

static bool put_number(Parser *parser, Column *column)
{
    Number number;
    if (!read_number(parser, &number))
        return false;
    if (column->kind == INT)
        return put_whole(parser, column, &number);
    if (column->kind == FLOAT)
        return put_double(parser, column, &number);
    return put_decimal_of(parser, column, &number);
}

/* -- days and times of day ------------------------------------------------------------------------------ */

/* What so many digits say; -1 where one is none. */
static int digits_at(const uint8_t *at, int count)
{
    int value = 0;
    for (int place = 0; place < count; place++) {
        if (!is_between(at[place], '0', '9'))
            return -1;
        value = value * 10 + (at[place] - '0');
    }
    return value;
}

static bool is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Read `2026-01-31`, ten characters, as days from 1970. */
static bool read_day(const uint8_t *at, int64_t *days)
{
    static const int BEFORE[] = {0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365};
    int year = digits_at(at, 4), month = digits_at(at + 5, 2), day = digits_at(at + 8, 2);
    if (at[4] != '-' || at[7] != '-' || year < 1 || month < 1 || month > 12 || day < 1)
        return false;
    int leap = is_leap(year), past = year - 1;
    if (day > BEFORE[month] - BEFORE[month - 1] + (month == 2 && leap))
        return false;
    int64_t first = FIRST_DAY + past * INT64_C(365) + past / 4 - past / 100 + past / 400;
    *days = first + BEFORE[month - 1] + (month > 2 && leap) + day - 1;
    return true;
}

/* A part of a text that is read from its front. */
typedef struct {
    const uint8_t *at, *end;
} Rest;

static size_t left(const Rest *rest)
{
    return (size_t)(rest->end - rest->at);
}

/* Read the digits behind a point as so many places; those that are too many must be zeros. */
static bool read_places(Rest *rest, int places, int64_t *ticks)
{
    const uint8_t *start = rest->at;
    *ticks = 0;
    for (; left(rest) > 0 && is_between(*rest->at, '0', '9'); rest->at++) {
        if (places > 0)
            *ticks = *ticks * 10 + (*rest->at - '0');
        else if (*rest->at != '0')
            return false;
        places -= places > 0;
    }
    *ticks *= (int64_t)POWERS[places];
    return rest->at > start;
}

/* Read `12:34:56` or `12:34:56.789`: the seconds, and the ticks beyond. */
static bool read_clock(Rest *rest, int places, int64_t *seconds, int64_t *ticks)
{
    const uint8_t *at = rest->at;
    *ticks = 0;
    if (left(rest) < 8 || at[2] != ':' || at[5] != ':')
        return false;
    int hour = digits_at(at, 2), minute = digits_at(at + 3, 2), second = digits_at(at + 6, 2);
    if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59)
        return false;
    *seconds = (hour * 60 + minute) * 60 + second;
    rest->at += 8;
    if (left(rest) == 0 || *rest->at != '.')
        return true;
    rest->at++;
    return read_places(rest, places, ticks);
}

/* Read `Z`, `+02`, `+0200` or `+02:00`, to the end of the text: seconds east of Greenwich. */
static bool read_zone(const Rest *rest, int64_t *seconds)
{
    const uint8_t *at = rest->at;
    size_t size = left(rest);
    *seconds = 0;
    if (size == 1 && *at == 'Z')
        return true;
    if ((size != 3 && size != 5 && size != 6) || (*at != '+' && *at != '-') || (size == 6 && at[3] != ':'))
        return false;
    int hours = digits_at(at + 1, 2), minutes = size == 3 ? 0 : digits_at(rest->end - 2, 2);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59)
        return false;
    *seconds = (hours * 60 + minutes) * 60;
    if (*at == '-')
        *seconds = -*seconds;
    return true;
}

/* Whether a moment is in the years that Python can say, and that its unit can. */
static bool is_sayable(int64_t seconds, int places)
{
    static const int64_t NS_FIRST = -106650, NS_LAST = 106650; /* 1678-01-01 to 2261-12-31 */
    bool is_ns = places == 9;
    int64_t first = is_ns ? NS_FIRST : FIRST_DAY, last = is_ns ? NS_LAST : LAST_DAY;
    return first * DAY <= seconds && seconds < (last + 1) * DAY;
}

static bool read_moment(const Text *text, const Column *column, int64_t *ticks)
{
    int64_t days, seconds, zone = 0, more;
    if (text->length < 19 || !read_day(text->at, &days) || (text->at[10] != 'T' && text->at[10] != ' '))
        return false;
    Rest rest = {text->at + 11, text->at + text->length};
    if (!read_clock(&rest, column->places, &seconds, &more))
        return false;
    if (column->has_zone ? !read_zone(&rest, &zone) : left(&rest) > 0)
        return false;
    seconds += days * DAY;
    if (!is_sayable(seconds, column->places) || !is_sayable(seconds - zone, column->places))
        return false;
    *ticks = (seconds - zone) * (int64_t)POWERS[column->places] + more;
    return true;
}

/* A time of day has no zone: a Z behind it says nothing. */
static bool read_time(const Text *text, const Column *column, int64_t *ticks)
{
    int64_t seconds, more;
    Rest rest = {text->at, text->at + text->length};
    if (!read_clock(&rest, column->places, &seconds, &more))
        return false;
    *ticks = seconds * (int64_t)POWERS[column->places] + more;
    return left(&rest) == 0 || (left(&rest) == 1 && *rest.at == 'Z');
}

static bool put_ticks(Parser *parser, Column *column, const Text *text)
{
    int64_t ticks;
    bool is_read = !text->has_escape;
    if (is_read && column->kind == DATE)
        is_read = text->length == 10 && read_day(text->at, &ticks);
    else if (is_read && column->kind == TIME)
        is_read = read_time(text, column, &ticks);
    else if (is_read)
        is_read = read_moment(text, column, &ticks);
    if (!is_read)
        return refuse(parser, "a text is no date or time in a form that is read here");
    put_int(column, ticks);
    return true;
}

/* -- what nobody wants ---------------------------------------------------------------------------------- */

/* Read a text that goes into no column. */
static bool read_plain(Parser *parser, Text *text)
{
    return expect(parser, '"') && read_text(parser, text) && make_plain(parser, text);
}

static bool skip_key(Parser *parser)
{
    Text text;
    return read_plain(parser, &text) && expect(parser, ':');
}

static bool skip_atom(Parser *parser, uint8_t first)
{
    Text text;
    Number number;
    switch (first) {
    case '"': return read_plain(parser, &text);
    case 'n': return expect_word(parser, "null");
    case 't': return expect_word(parser, "true");
    case 'f': return expect_word(parser, "false");
    default: return read_number(parser, &number);
    }
}

/* Objects and lists that are open, the innermost last: a bit says whether it is an object. */
typedef struct {
    uint64_t are_objects;
    int depth;
} Open;

/* Step into an object or list, up to the first value in it. */
static bool skip_into(Parser *parser, Open *open, bool is_object)
{
    if (open->depth == DEEPEST_SKIPPED)
        return refuse(parser, "what nobody wants is nested deep");
    open->are_objects = open->are_objects << 1 | is_object;
    open->depth++;
    return !is_object || skip_key(parser);
}

/* Behind a value: step out of what ends here, up to the next value if there is one. */
static bool skip_out(Parser *parser, Open *open)
{
    while (open->depth > 0) {
        bool is_object = open->are_objects & 1;
        if (follows(parser, ','))
            return !is_object || skip_key(parser);
        if (!expect(parser, is_object ? '}' : ']'))
            return false;
        open->are_objects >>= 1;
        open->depth--;
    }
    return true;
}

/* Step over a value, which must be JSON all the same. */
static bool skip_value(Parser *parser)
{
    Open open = {0};
    do {
        skip_space(parser);
        uint8_t first = parser->at < parser->end ? *parser->at : 0;
        bool is_object = first == '{';
        if (is_object || first == '[') {
            parser->at++;
            if (!follows(parser, is_object ? '}' : ']')) {
                if (!skip_into(parser, &open, is_object))
                    return false;
                continue;
            }
        } else if (!skip_atom(parser, first)) {
            return false;
        }
        if (!skip_out(parser, &open))
            return false;
    } while (open.depth > 0);
    return true;
}

/* -- objects and lists ---------------------------------------------------------------------------------- */

static bool read_value(Parser *parser, Column *column);

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
static uint32_t hash(const uint8_t *at, size_t length)
{
    uint32_t found = 2166136261u;
    for (size_t place = 0; place < length; place++)
        found = (found ^ at[place]) * 16777619u;
    return found;
}

static bool has_name(const Column *column, const uint8_t *at, size_t length)
{
    return column->name_length == length && memcmp(column->name, at, length) == 0;
}

/* Where in the index a name is, or would be. */
static int32_t *slot_of(const Column *object, const uint8_t *at, size_t length)
{
    uint32_t slot = hash(at, length) & object->index.mask;
    while (object->index.slots[slot] >= 0 && !has_name(&object->children[object->index.slots[slot]], at, length))
        slot = (slot + 1) & object->index.mask;
    return &object->index.slots[slot];
}

/* Step over the key and its quotes where it is that of `child`, as it mostly is: keys have the same order. */
static bool is_key_of(Parser *parser, const Column *child)
{
    size_t length = child->name_length;
    const uint8_t *at = parser->at;
    if (!child->has_plain_name || (size_t)(parser->end - at) < length + 2 || at[0] != '"' ||
        at[length + 1] != '"' || memcmp(at + 1, child->name, length) != 0)
        return false;
    parser->at += length + 2;
    return true;
}

/* Read a key: the place of its column, or -1 where there is none. `expected`: the likeliest place. */
static bool read_key(Parser *parser, const Column *object, int32_t expected, int32_t *place)
{
    Text text;
    skip_space(parser);
    if (expected < object->count && is_key_of(parser, &object->children[expected])) {
        *place = expected;
    } else {
        if (!read_plain(parser, &text))
            return false;
        *place = *slot_of(object, text.at, text.length);
    }
    return expect(parser, ':');
}

/* Read a field; `next` is the place of the column that is likely to come after it. */
static bool read_field(Parser *parser, Column *object, int32_t *next, int32_t *read)
{
    int32_t place;
    if (!read_key(parser, object, *next, &place))
        return false;
    if (place < 0)
        return parser->is_closed ? skip_value(parser) : refuse(parser, "a field is not in the schema");
    Column *child = &object->children[place];
    if (child->length != object->length)
        return refuse(parser, "a key stands twice in an object");
    *next = place + 1;
    ++*read;
    return read_value(parser, child);
}

static bool add_missing(Parser *parser, Column *object)
{
    for (int32_t place = 0; place < object->count; place++) {
        Column *child = &object->children[place];
        if (child->length == object->length && !append_null(parser, child))
            return false;
    }
    return true;
}

/* Read the fields of an object that has some, and its end. */
static bool read_fields(Parser *parser, Column *object, int32_t *read)
{
    int32_t next = 0;
    do {
        if (!read_field(parser, object, &next, read))
            return false;
    } while (follows(parser, ','));
    return expect(parser, '}');
}

static bool read_object(Parser *parser, Column *object)
{
    int32_t read = 0;
    if (!expect(parser, '{') || (!follows(parser, '}') && !read_fields(parser, object, &read)))
        return false;
    return read == object->count || add_missing(parser, object);
}

/* Read a list, whose items go behind those that are there. */
static bool read_items(Parser *parser, Column *items)
{
    if (!expect(parser, '['))
        return false;
    if (follows(parser, ']'))
        return true;
    do {
        if (!read_value(parser, items))
            return false;
    } while (follows(parser, ','));
    return expect(parser, ']');
}

static bool read_list(Parser *parser, Column *list)
{
    if (!read_items(parser, list->children))
        return false;
    put_end(list, list->children->length);
    return true;
}

static bool put_bool(Parser *parser, Column *column)
{
    bool value = parser->at < parser->end && *parser->at == 't';
    set_bit(column->values, column->length, value);
    return expect_word(parser, value ? "true" : "false");
}

static bool put_quoted(Parser *parser, Column *column)
{
    Text text;
    if (!expect(parser, '"') || !read_text(parser, &text))
        return false;
    return column->kind == TEXT ? put_text(parser, column, &text) : put_ticks(parser, column, &text);
}

static bool put_value(Parser *parser, Column *column)
{
    switch (column->kind) {
    case BOOL: return put_bool(parser, column);
    case INT: case FLOAT: case DECIMAL: return put_number(parser, column);
    case TEXT: case DATE: case TIMESTAMP: case TIME: return put_quoted(parser, column);
    case LIST: return read_list(parser, column);
    case STRUCT: return read_object(parser, column);
    default: return refuse(parser, "a value stands in a column of nulls");
    }
}

static bool read_value(Parser *parser, Column *column)
{
    skip_space(parser);
    if (parser->at < parser->end && *parser->at == 'n')
        return expect_word(parser, "null") && append_null(parser, column);
    if (!make_room(parser, column) || !put_value(parser, column))
        return false;
    count_value(column);
    return true;
}

bool read_records(Parser *parser, Column *records)
{
    if (parser->end - parser->at >= INT32_MAX) /* then a text or list might end beyond an int32 */
        return refuse(parser, "the page is large");
    if (!read_items(parser, records))
        return false;
    return parser->at == parser->end || refuse(parser, "the records are not one list");
}

void parser_end(Parser *parser)
{
    free(parser->scratch.at);
}

/* -- what the schema says ------------------------------------------------------------------------------- */

/* Whether the name in JSON is the name itself between quotes. */
static bool is_plain_name(const char *name)
{
    for (; *name != '\0'; name++)
        if (ends_run((uint8_t)*name))
            return false;
    return true;
}

static bool starts(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The digits of a fraction of a second in a unit: s, m(s), u(s), n(s). */
static int places_of(char unit)
{
    const char *units = "smun";
    return 3 * (int)(strchr(units, unit) - units);
}

static void be(Column *column, Kind kind, int width)
{
    column->kind = kind;
    column->width = width;
}

static bool be_decimal(Column *column, const char *format)
{
    char *end;
    be(column, DECIMAL, 16);
    column->precision = (int)strtol(format + 2, &end, 10);
    column->places = *end == ',' ? (int)strtol(end + 1, &end, 10) : -1;
    return *end == '\0' && 0 < column->precision && 0 <= column->places && column->places <= MOST_DIGITS;
}

static bool be_timed(Column *column, const char *format)
{
    bool is_moment = format[1] == 's';
    column->places = places_of(format[2]);
    column->has_zone = is_moment && format[4] != '\0';
    be(column, is_moment ? TIMESTAMP : TIME, is_moment || column->places > 3 ? 8 : 4);
    return true;
}

/* Set the kind that a format names; false for those that only another road reads.
   https://arrow.apache.org/docs/format/CDataInterface.html#data-type-description-format-strings */
static bool be_of(Column *column, const char *format)
{
    static const char INTS[] = "cCsSiIlL"; /* of one, two, four and eight bytes; small letters have a sign */
    const char *found = strchr(INTS, format[0]);
    if (starts(format, "d:"))
        return be_decimal(column, format);
    if (starts(format, "ts") || starts(format, "tt"))
        return be_timed(column, format);
    if (strcmp(format, "tdD") == 0)
        return be(column, DATE, 4), true;
    if (strcmp(format, "+l") == 0)
        return be(column, LIST, sizeof(int32_t)), true;
    if (strcmp(format, "+s") == 0)
        return be(column, STRUCT, 0), true;
    if (format[0] == '\0' || format[1] != '\0')
        return false;
    column->is_signed = found != NULL && (found - INTS) % 2 == 0;
    if (found != NULL)
        return be(column, INT, 1 << (found - INTS) / 2), true;
    switch (format[0]) {
    case 'n': return be(column, NOTHING, 0), true;
    case 'b': return be(column, BOOL, 0), true;
    case 'g': return be(column, FLOAT, 8), true;
    case 'u': return be(column, TEXT, sizeof(int32_t)), true;
    default: return false;
    }
}

/* Enter the children by their names; false where one stands twice. */
static bool make_index(Column *object, const char **why)
{
    uint32_t size = 4;
    while (size < 2 * (uint32_t)object->count)
        size *= 2;
    object->index.slots = malloc(size * sizeof *object->index.slots);
    if (object->index.slots == NULL)
        return *why = NULL, false;
    memset(object->index.slots, 0xff, size * sizeof *object->index.slots); /* -1 each */
    object->index.mask = size - 1;
    for (int32_t place = 0; place < object->count; place++) {
        const Column *child = &object->children[place];
        int32_t *slot = slot_of(object, (const uint8_t *)child->name, child->name_length);
        if (*slot >= 0)
            return *why = "a column stands twice in the schema", false;
        *slot = place;
    }
    return true;
}

static bool begin(Column *column, const struct ArrowSchema *schema, int depth, const char **why);

static bool begin_children(Column *column, const struct ArrowSchema *schema, int depth, const char **why)
{
    column->children = calloc((size_t)schema->n_children + 1, sizeof *column->children);
    if (column->children == NULL)
        return *why = NULL, false;
    column->count = (int32_t)schema->n_children;
    for (int32_t place = 0; place < column->count; place++)
        if (!begin(&column->children[place], schema->children[place], depth, why))
            return false;
    return true;
}

/* `depth`: how many objects and lists are around it in a record; -1 for the record. */
static bool begin(Column *column, const struct ArrowSchema *schema, int depth, const char **why)
{
    column->name = schema->name != NULL ? schema->name : "";
    column->name_length = strlen(column->name);
    column->has_plain_name = is_plain_name(column->name);
    column->is_nullable = schema->flags & ARROW_FLAG_NULLABLE;
    *why = "a column is of a type, or nested so deep, that another road reads it";
    if (schema->dictionary != NULL || !be_of(column, schema->format))
        return false;
    if (column->kind != LIST && column->kind != STRUCT)
        return true;
    if (depth == DEEPEST || (depth >= 0 && schema->n_children > MOST_FIELDS))
        return false;
    return begin_children(column, schema, depth + 1, why) && (column->kind == LIST || make_index(column, why));
}

bool column_begin(Column *column, const struct ArrowSchema *schema, const char **why)
{
    bool is_begun = begin(column, schema, -1, why);
    column->is_nullable = false;
    return is_begun;
}

void column_end(Column *column)
{
    for (int32_t place = 0; place < column->count; place++)
        column_end(&column->children[place]);
    free(column->children);
    free(column->index.slots);
    free(column->valid);
    free(column->values);
    free(column->text.at);
    *column = (Column){0};
}

/* -- what Arrow is given -------------------------------------------------------------------------------- */

static void release(struct ArrowArray *array)
{
    for (int64_t place = 0; place < array->n_children; place++) {
        if (array->children[place]->release != NULL) /* nobody has moved it elsewhere */
            array->children[place]->release(array->children[place]);
        free(array->children[place]);
    }
    for (int64_t place = 0; place < array->n_buffers; place++)
        free((void *)array->buffers[place]);
    free(array->children);
    free(array->buffers);
    array->release = NULL;
}

/* Move a buffer into the array, without the room that nothing came into. */
static bool give_buffer(struct ArrowArray *array, uint8_t **buffer, size_t size)
{
    if (!resize(buffer, size))
        return false;
    array->buffers[array->n_buffers++] = *buffer;
    *buffer = NULL;
    return true;
}

static bool give_buffers(Column *column, struct ArrowArray *array)
{
    if (column->kind == NOTHING)
        return true;
    if (column->valid == NULL)
        array->buffers[array->n_buffers++] = NULL;
    else if (!give_buffer(array, &column->valid, bits(column->length)))
        return false;
    if (column->kind == STRUCT)
        return true;
    if (has_ends(column) && column->room == 0 && (column->values = calloc(1, sizeof(int32_t))) == NULL)
        return false;
    if (!give_buffer(array, &column->values, values_size(column, column->length)))
        return false;
    return column->kind != TEXT || give_buffer(array, &column->text.at, column->text.length);
}

static bool give_children(Column *column, struct ArrowArray *array)
{
    for (int32_t place = 0; place < column->count; place++) {
        struct ArrowArray *child = calloc(1, sizeof *child);
        if (child == NULL)
            return false;
        array->children[array->n_children++] = child;
        if (!column_give(&column->children[place], child))
            return false;
    }
    return true;
}

bool column_give(Column *column, struct ArrowArray *array)
{
    *array = (struct ArrowArray){.length = column->length, .null_count = column->null_count, .release = release};
    if (column->kind == NOTHING)
        array->null_count = column->length;
    array->buffers = calloc(3, sizeof *array->buffers);
    array->children = calloc((size_t)column->count + 1, sizeof *array->children);
    if (array->buffers && array->children && give_buffers(column, array) && give_children(column, array))
        return true;
    release(array);
    return false;
}
