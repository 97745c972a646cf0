// AES under the names that MicroPython's extmod/modcryptolib.c calls where axTLS would be; implemented by ../../../aes.c.
#ifndef ANJU_AES_H
#define ANJU_AES_H

#include <stdint.h>

typedef enum { AES_MODE_128, AES_MODE_256 } AES_MODE;

typedef struct {
    uint32_t keys[60]; // up to 14 rounds and one before them
    unsigned rounds;
    uint8_t iv[16];
} AES_CTX;

void AES_set_key(AES_CTX *ctx, const uint8_t *key, const uint8_t *iv, AES_MODE mode);

// Between setting the key and decrypting; nothing to do here.
void AES_convert_key(AES_CTX *ctx);

// One block as four columns, first byte uppermost.
void AES_encrypt(const AES_CTX *ctx, uint32_t *columns);
void AES_decrypt(const AES_CTX *ctx, uint32_t *columns);

// Whole blocks; `in` and `out` may be the same. The chain goes on in ctx->iv.
void AES_cbc_encrypt(AES_CTX *ctx, const uint8_t *in, uint8_t *out, int size);
void AES_cbc_decrypt(AES_CTX *ctx, const uint8_t *in, uint8_t *out, int size);

#endif
