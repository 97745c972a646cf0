// The last 4 KB of SRAM: kept over resets and deep sleep, lost with the power.
#ifndef ANJU_RETAINED_H
#define ANJU_RETAINED_H

#include <stdbool.h>
#include <stdint.h>

// Values of machine.reset_cause(); the numbers are those of MicroPython's ESP32 port.
typedef enum {
    RESET_UNKNOWN, // nobody announced it
    RESET_POWER_ON,
    RESET_HARD,
    RESET_WATCHDOG,
    RESET_DEEP_SLEEP,
    RESET_SOFT,
} reset_cause_t;

// Values of machine.wake_reason().
typedef enum {
    WAKE_NONE,
    WAKE_PIN,
    WAKE_TIMER,
} wake_reason_t;

#define GPIO_SETS (4)
#define RTC_MEMORY_BYTES (2048)

typedef struct {
    uint32_t magic;
    reset_cause_t announced; // what the next start will have been caused by
    reset_cause_t cause; // what this one was caused by
    wake_reason_t woken_by;
    uint32_t woken_pins[GPIO_SETS]; // those that did, a bit each
    bool watchdog_armed;
    uint32_t levels[GPIO_SETS]; // of input pins, which QEMU forgets at a reset
    int64_t rtc_us; // since 2000-01-01, as of the latest tick
    uint32_t rtc_memory_size;
    uint8_t rtc_memory[RTC_MEMORY_BYTES];
} retained_t;

extern retained_t *const retained;

// Call once at start: finds out why there is a start.
void retained_init(void);

// The next start will have this cause.
void retained_reset_cause(reset_cause_t cause);

// Eight bytes that QEMU was told to put there (-device loader); zeros if it wasn't.
#define UNIQUE_ID_BYTES (8)
const uint8_t *retained_unique_id(void);

// How much heap QEMU was told to leave, the same way; 0 if it wasn't: all there is.
uint32_t retained_heap_bytes(void);

// Whether QEMU was told, the same way, that it runs without -icount.
bool retained_has_wall_time(void);

#endif
