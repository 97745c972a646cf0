// The SPI NOR chip that holds the file system: W25Q80BL, 1 MiB in sectors of 4 KB and pages of 256 bytes.
#ifndef ANJU_FLASH_H
#define ANJU_FLASH_H

#include <stddef.h>
#include <stdint.h>

#define FLASH_BYTES (1024 * 1024)
#define FLASH_SECTOR_BYTES (4096)
#define FLASH_BUSY_PIN (127) // P7: high while the chip is programmed or erased

void flash_init(void);
void flash_read(uint32_t address, uint8_t *data, size_t size);

// Erased bytes become `data`; the caller erases first.
void flash_write(uint32_t address, const uint8_t *data, size_t size);
void flash_erase_sector(uint32_t address);

#endif
