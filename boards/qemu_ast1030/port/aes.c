// AES after FIPS-197, with one table for encryption. Not hardened against who can time it: this board is an emulation.
#include <stdbool.h>
#include <string.h>

#include "lib/axtls/crypto/crypto.h"

static uint8_t sbox[256], inverse_sbox[256];
static uint32_t mixed[256]; // what becomes of a byte in row 0 by SubBytes and MixColumns

static uint32_t rotate(uint32_t word, unsigned bits) {
    return bits ? word << bits | word >> (32 - bits) : word;
}

// Four bytes at once, each times x in GF(2^8).
static uint32_t times_x(uint32_t word) {
    return (word & 0x7f7f7f7f) << 1 ^ (word >> 7 & 0x01010101) * 0x1b;
}

// 5.1.1: p walks through all powers of 3, q through those of its inverse; the affine map of q is the entry of p.
static void make_sbox(void) {
    uint8_t p = 1, q = 1;
    do {
        p ^= times_x(p);
        q ^= q << 1;
        q ^= q << 2;
        q ^= q << 4;
        q ^= q & 0x80 ? 0x09 : 0;
        uint32_t q4 = q * 0x01010101u;
        sbox[p] = q ^ rotate(q4, 1) ^ rotate(q4, 2) ^ rotate(q4, 3) ^ rotate(q4, 4) ^ 0x63;
    } while (p != 1);
    sbox[0] = 0x63;
}

static uint32_t substitute(const uint8_t *box, uint32_t word) {
    return (uint32_t)box[word >> 24] << 24 | box[word >> 16 & 0xff] << 16 | box[word >> 8 & 0xff] << 8 | box[word & 0xff];
}

// 5.1.3
static uint32_t mix(uint32_t column) {
    uint32_t twice = times_x(column);
    return twice ^ rotate(twice ^ column, 8) ^ rotate(column, 16) ^ rotate(column, 24);
}

// 5.3.3: its matrix is that of mix() times the one written here.
static uint32_t unmix(uint32_t column) {
    return mix(column ^ times_x(times_x(column ^ rotate(column, 16))));
}

static void make_tables(void) {
    make_sbox();
    for (unsigned i = 0; i < 256; i++) {
        inverse_sbox[sbox[i]] = i;
        mixed[i] = mix((uint32_t)sbox[i] << 24);
    }
}

// SubBytes and ShiftRows, or their inverses: row r moves by r columns.
static void substitute_and_shift(const uint8_t *box, uint32_t *columns, bool inverse) {
    uint32_t old[4];
    memcpy(old, columns, sizeof(old));
    for (unsigned c = 0; c < 4; c++) {
        uint32_t column = 0;
        for (unsigned row = 0; row < 4; row++) {
            unsigned from = inverse ? c - row : c + row;
            column |= old[from % 4] & 0xffu << (24 - 8 * row);
        }
        columns[c] = substitute(box, column);
    }
}

static void add_key(const AES_CTX *ctx, unsigned round, uint32_t *columns) {
    for (unsigned c = 0; c < 4; c++) {
        columns[c] ^= ctx->keys[4 * round + c];
    }
}

void AES_set_key(AES_CTX *ctx, const uint8_t *key, const uint8_t *iv, AES_MODE mode) {
    if (!sbox[0]) {
        make_tables();
    }
    unsigned words = mode == AES_MODE_128 ? 4 : 8;
    uint32_t round_constant = 1u << 24;
    ctx->rounds = words + 6;
    for (unsigned i = 0; i < words; i++, key += 4) {
        ctx->keys[i] = (uint32_t)key[0] << 24 | key[1] << 16 | key[2] << 8 | key[3];
    }
    for (unsigned i = words; i < 4 * (ctx->rounds + 1); i++) {
        uint32_t word = ctx->keys[i - 1];
        if (i % words == 0) {
            word = substitute(sbox, rotate(word, 8)) ^ round_constant;
            round_constant = times_x(round_constant);
        } else if (words == 8 && i % words == 4) {
            word = substitute(sbox, word);
        }
        ctx->keys[i] = ctx->keys[i - words] ^ word;
    }
    if (iv != NULL) {
        memcpy(ctx->iv, iv, sizeof(ctx->iv));
    }
}

void AES_convert_key(AES_CTX *ctx) {
}

// SubBytes, ShiftRows and MixColumns at once: a byte of another row becomes the same, rotated.
static void substitute_shift_and_mix(uint32_t *columns) {
    const uint32_t old[4] = {columns[0], columns[1], columns[2], columns[3]};
    for (unsigned c = 0; c < 4; c++) {
        columns[c] = mixed[old[c] >> 24] ^ rotate(mixed[old[(c + 1) % 4] >> 16 & 0xff], 24)
            ^ rotate(mixed[old[(c + 2) % 4] >> 8 & 0xff], 16) ^ rotate(mixed[old[(c + 3) % 4] & 0xff], 8);
    }
}

void AES_encrypt(const AES_CTX *ctx, uint32_t *columns) {
    add_key(ctx, 0, columns);
    for (unsigned round = 1; round < ctx->rounds; round++) {
        substitute_shift_and_mix(columns);
        add_key(ctx, round, columns);
    }
    substitute_and_shift(sbox, columns, false);
    add_key(ctx, ctx->rounds, columns);
}

void AES_decrypt(const AES_CTX *ctx, uint32_t *columns) {
    add_key(ctx, ctx->rounds, columns);
    for (unsigned round = ctx->rounds; round-- > 0;) {
        substitute_and_shift(inverse_sbox, columns, true);
        add_key(ctx, round, columns);
        for (unsigned c = 0; c < 4 && round > 0; c++) {
            columns[c] = unmix(columns[c]);
        }
    }
}

static void load(uint32_t *columns, const uint8_t *block) {
    for (unsigned c = 0; c < 4; c++, block += 4) {
        columns[c] = (uint32_t)block[0] << 24 | block[1] << 16 | block[2] << 8 | block[3];
    }
}

static void store(uint8_t *block, const uint32_t *columns, const uint8_t *mask) {
    for (unsigned i = 0; i < 16; i++) {
        block[i] = (columns[i / 4] >> (24 - i % 4 * 8)) ^ (mask ? mask[i] : 0);
    }
}

void AES_cbc_encrypt(AES_CTX *ctx, const uint8_t *in, uint8_t *out, int size) {
    for (; size > 0; size -= 16, in += 16, out += 16) {
        uint32_t columns[4];
        for (unsigned i = 0; i < 16; i++) {
            ctx->iv[i] ^= in[i];
        }
        load(columns, ctx->iv);
        AES_encrypt(ctx, columns);
        store(ctx->iv, columns, NULL);
        memcpy(out, ctx->iv, 16);
    }
}

void AES_cbc_decrypt(AES_CTX *ctx, const uint8_t *in, uint8_t *out, int size) {
    for (; size > 0; size -= 16, in += 16, out += 16) {
        uint8_t block[16];
        uint32_t columns[4];
        memcpy(block, in, 16);
        load(columns, block);
        AES_decrypt(ctx, columns);
        store(out, columns, ctx->iv);
        memcpy(ctx->iv, block, 16);
    }
}
