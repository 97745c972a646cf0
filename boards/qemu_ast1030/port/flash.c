#include <string.h>

#include "ast1030.h"
#include "flash.h"
#include "gpio.h"

// Pages have 256 bytes. They are programmed in pieces, because QEMU keeps none or all of what one command programs: on a real
// chip a power cut tears a page anywhere.
#define PROGRAM_BYTES (16)

// Commands of W25Q and most other NOR chips.
enum {
    WRITE_ENABLE = 0x06,
    PAGE_PROGRAM = 0x02,
    READ = 0x03,
    READ_STATUS = 0x05,
    SECTOR_ERASE = 0x20,
};
#define STATUS_BUSY BIT(0)

#define WIRE (*(volatile uint8_t *)FLASH_WINDOW)
// Four bytes, the lowest first: what QEMU's time goes to is each access, not each byte.
#define WIRE_WORD (*(volatile uint32_t *)FLASH_WINDOW)

static void select_with(uint8_t command) {
    FLASH_CONTROL = FLASH_CONTROL_USER;
    WIRE = command;
}

static void select_at(uint8_t command, uint32_t address) {
    FLASH_CONTROL = FLASH_CONTROL_USER;
    WIRE_WORD = command | __builtin_bswap32(address);
}

static void unselect(void) {
    FLASH_CONTROL = FLASH_CONTROL_USER | FLASH_CONTROL_UNSELECT;
}

static void enable_write(void) {
    select_with(WRITE_ENABLE);
    unselect();
}

// From the first byte of a write or an erase to its end: whoever cuts the power can see what it strikes.
static void show_busy(bool level) {
    gpio_output(FLASH_BUSY_PIN);
    gpio_write(FLASH_BUSY_PIN, level);
}

static void wait_ready(void) {
    select_with(READ_STATUS);
    while (WIRE & STATUS_BUSY) {
    }
    unselect();
}

void flash_init(void) {
    FLASH_CONFIG |= FLASH_CONFIG_WRITABLE;
    unselect();
}

void flash_read(uint32_t address, uint8_t *data, size_t size) {
    select_at(READ, address);
    for (; size >= sizeof(uint32_t); size -= sizeof(uint32_t), data += sizeof(uint32_t)) {
        uint32_t word = WIRE_WORD;
        memcpy(data, &word, sizeof(word));
    }
    while (size--) {
        *data++ = WIRE;
    }
    unselect();
}

static void program(uint32_t address, const uint8_t *data, size_t size) {
    enable_write();
    select_at(PAGE_PROGRAM, address);
    for (; size >= sizeof(uint32_t); size -= sizeof(uint32_t), data += sizeof(uint32_t)) {
        uint32_t word;
        memcpy(&word, data, sizeof(word));
        WIRE_WORD = word;
    }
    while (size--) {
        WIRE = *data++;
    }
    unselect();
    wait_ready();
}

void flash_write(uint32_t address, const uint8_t *data, size_t size) {
    show_busy(true);
    while (size) {
        size_t room = PROGRAM_BYTES - address % PROGRAM_BYTES;
        size_t chunk = size < room ? size : room;
        program(address, data, chunk);
        address += chunk;
        data += chunk;
        size -= chunk;
    }
    show_busy(false);
}

void flash_erase_sector(uint32_t address) {
    show_busy(true);
    enable_write();
    select_at(SECTOR_ERASE, address);
    unselect();
    wait_ready();
    show_busy(false);
}
