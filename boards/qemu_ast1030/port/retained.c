#include <string.h>

#include "retained.h"

#define MAGIC (0x616e6a75) // after power-on the SRAM of QEMU is all zeros
#define UNIQUE_ID_OFFSET (0xf00)
#define HEAP_BYTES_OFFSET (0xf10)
#define WALL_TIME_OFFSET (0xf14)

extern uint8_t _retained[];

retained_t *const retained = (retained_t *)_retained;

_Static_assert(sizeof(retained_t) <= UNIQUE_ID_OFFSET, "the unique id would be overwritten");

static reset_cause_t find_cause(void) {
    if (retained->announced != RESET_UNKNOWN) {
        return retained->announced;
    }
    // Nobody announced it: either the watchdog bit, or somebody outside pressed reset.
    return retained->watchdog_armed ? RESET_WATCHDOG : RESET_HARD;
}

void retained_init(void) {
    if (retained->magic != MAGIC) {
        memset(retained, 0, sizeof(*retained));
        retained->magic = MAGIC;
        retained->announced = RESET_POWER_ON;
    }
    retained->cause = find_cause();
    if (retained->cause != RESET_DEEP_SLEEP) {
        retained->woken_by = WAKE_NONE;
        memset(retained->woken_pins, 0, sizeof(retained->woken_pins));
    }
    retained->announced = RESET_UNKNOWN;
    retained->watchdog_armed = false;
}

void retained_reset_cause(reset_cause_t cause) {
    retained->announced = cause;
}

const uint8_t *retained_unique_id(void) {
    return _retained + UNIQUE_ID_OFFSET;
}

uint32_t retained_heap_bytes(void) {
    return *(const volatile uint32_t *)(_retained + HEAP_BYTES_OFFSET);
}

bool retained_has_wall_time(void) {
    return *(const volatile uint32_t *)(_retained + WALL_TIME_OFFSET) != 0;
}
