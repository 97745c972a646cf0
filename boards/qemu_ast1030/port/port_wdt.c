// machine.WDT; included by extmod/machine_wdt.c. Once armed only a reset stops it.
#include "ast1030.h"
#include "retained.h"
#include "watchdog.h"

#define LONGEST_MS (4000000) // the counter has 32 bits of µs

typedef struct _machine_wdt_obj_t {
    mp_obj_base_t base;
} machine_wdt_obj_t;

static const machine_wdt_obj_t the_watchdog = {{&machine_wdt_type}};

static void restart(void) {
    WATCHDOG_RESTART = WATCHDOG_MAGIC;
}

static machine_wdt_obj_t *mp_machine_wdt_make_new_instance(mp_int_t id, mp_int_t timeout_ms) {
    if (id != 0) {
        mp_raise_ValueError(MP_ERROR_TEXT("there is one watchdog, 0"));
    }
    if (timeout_ms < 1 || timeout_ms > LONGEST_MS) {
        mp_raise_ValueError(MP_ERROR_TEXT("timeout: 1 to 4000000 ms"));
    }
    WATCHDOG_RELOAD = timeout_ms * 1000;
    restart();
    WATCHDOG_CONTROL = WATCHDOG_1MHZ | WATCHDOG_RESETS | WATCHDOG_ENABLE;
    retained->watchdog_armed = true;
    return (machine_wdt_obj_t *)&the_watchdog;
}

static void mp_machine_wdt_feed(machine_wdt_obj_t *self) {
    restart();
}

void watchdog_pause(void) {
    WATCHDOG_CONTROL = 0;
}

void watchdog_resume(void) {
    if (retained->watchdog_armed) {
        restart();
        WATCHDOG_CONTROL = WATCHDOG_1MHZ | WATCHDOG_RESETS | WATCHDOG_ENABLE;
    }
}
