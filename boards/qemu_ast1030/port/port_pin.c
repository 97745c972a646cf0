// machine.Pin
#include <string.h>

#include "py/mphal.h"
#include "py/mperrno.h"
#include "py/runtime.h"
#include "py/stream.h"
#include "extmod/modmachine.h"
#include "extmod/virtpin.h"
#include "shared/runtime/mpirq.h"

#include "gpio.h"
#include "port_pin.h"
#include "retained.h"

enum { MODE_IN, MODE_OUT };

#define RISING (1)
#define FALLING (2)
#define LOW_LEVEL (4)
#define HIGH_LEVEL (8)

typedef struct {
    mp_obj_base_t base;
    uint8_t pin;
} machine_pin_obj_t;

typedef struct {
    mp_irq_obj_t base;
    uint8_t trigger;
    uint8_t wake;
    uint8_t flags; // edges of the latest interrupt
    volatile uint8_t seen; // edges since pin_wake_arm
} pin_irq_t;

#define IRQ(pin) ((pin_irq_t *)MP_STATE_PORT(pin_irqs)[pin])

#define PIN(n) {{&machine_pin_type}, n}
#define PORT(n) PIN(n * 8), PIN(n * 8 + 1), PIN(n * 8 + 2), PIN(n * 8 + 3), \
    PIN(n * 8 + 4), PIN(n * 8 + 5), PIN(n * 8 + 6), PIN(n * 8 + 7)

static const machine_pin_obj_t pins[GPIO_PINS] = {
    PORT(0), PORT(1), PORT(2), PORT(3), PORT(4), PORT(5), PORT(6), PORT(7),
    PORT(8), PORT(9), PORT(10), PORT(11), PORT(12), PORT(13), PORT(14), PORT(15),
};

unsigned pin_number(mp_obj_t pin) {
    unsigned number = GPIO_PINS;
    if (mp_obj_is_type(pin, &machine_pin_type)) {
        return ((machine_pin_obj_t *)MP_OBJ_TO_PTR(pin))->pin;
    }
    if (mp_obj_is_str(pin)) {
        size_t size;
        const char *name = mp_obj_str_get_data(pin, &size);
        if (size == 2 && 'A' <= name[0] && name[0] <= 'P' && '0' <= name[1] && name[1] <= '7') {
            number = (name[0] - 'A') * 8 + name[1] - '0';
        }
    } else {
        number = mp_obj_get_int(pin);
    }
    if (!gpio_exists(number)) {
        mp_raise_ValueError(MP_ERROR_TEXT("no such pin"));
    }
    return number;
}

static void pin_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    unsigned pin = pin_number(self_in);
    mp_printf(print, "Pin('%c%u', %s)", GPIO_PORT(pin), GPIO_BIT(pin), gpio_is_output(pin) ? "OUT" : "IN");
}

static mp_obj_t pin_init_helper(unsigned pin, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_mode, ARG_value };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_mode, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_value, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    if (args[ARG_mode].u_obj != mp_const_none) {
        switch (mp_obj_get_int(args[ARG_mode].u_obj)) {
            case MODE_IN:
                gpio_input(pin);
                break;
            case MODE_OUT:
                gpio_output(pin);
                break;
            default:
                mp_raise_ValueError(MP_ERROR_TEXT("mode"));
        }
    }
    if (args[ARG_value].u_obj != mp_const_none) {
        gpio_write(pin, mp_obj_is_true(args[ARG_value].u_obj));
    }
    return mp_const_none;
}

// Under MicroPython's own name, because machine.Signal makes pins by it.
mp_obj_t mp_pin_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    unsigned pin = pin_number(args[0]);
    mp_map_t kw_args;
    mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
    pin_init_helper(pin, n_args - 1, args + 1, &kw_args);
    return MP_OBJ_FROM_PTR(&pins[pin]);
}

static mp_obj_t pin_init(size_t n_args, const mp_obj_t *args, mp_map_t *kw_args) {
    return pin_init_helper(pin_number(args[0]), n_args - 1, args + 1, kw_args);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_init_obj, 1, pin_init);

static mp_obj_t pin_value(size_t n_args, const mp_obj_t *args) {
    unsigned pin = pin_number(args[0]);
    if (n_args == 1) {
        return MP_OBJ_NEW_SMALL_INT(gpio_read(pin));
    }
    gpio_write(pin, mp_obj_is_true(args[1]));
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(pin_value_obj, 1, 2, pin_value);

static mp_obj_t pin_call(mp_obj_t self_in, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 0, 1, false);
    const mp_obj_t with_self[2] = {self_in, n_args ? args[0] : MP_OBJ_NULL};
    return pin_value(1 + n_args, with_self);
}

static mp_obj_t pin_on(mp_obj_t self_in) {
    gpio_write(pin_number(self_in), true);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_on_obj, pin_on);

static mp_obj_t pin_off(mp_obj_t self_in) {
    gpio_write(pin_number(self_in), false);
    return mp_const_none;
}
static MP_DEFINE_CONST_FUN_OBJ_1(pin_off_obj, pin_off);

// ---- Interrupts

void pin_edge(unsigned pin, bool rose, bool fell) {
    pin_irq_t *irq = IRQ(pin);
    if (irq == NULL) {
        return;
    }
    unsigned edges = (rose ? RISING : 0) | (fell ? FALLING : 0);
    irq->seen |= edges;
    // A level is an edge that leads to it: a level that lasts would otherwise interrupt without end.
    unsigned wanted = irq->trigger | (irq->trigger & HIGH_LEVEL ? RISING : 0) | (irq->trigger & LOW_LEVEL ? FALLING : 0);
    if (edges & wanted) {
        irq->flags = edges & wanted;
        mp_irq_handler(&irq->base);
    }
}

void pin_wake_arm(void) {
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        if (IRQ(pin) != NULL) {
            IRQ(pin)->seen = 0;
        }
    }
}

bool pin_wake_seen(unsigned kind, uint32_t *pins) {
    bool any = false;
    memset(pins, 0, GPIO_SETS * sizeof(*pins));
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        pin_irq_t *irq = IRQ(pin);
        if (irq != NULL && irq->wake & kind) {
            unsigned level = gpio_read(pin) ? HIGH_LEVEL : LOW_LEVEL;
            if (irq->trigger & (level | irq->seen)) {
                pins[pin / 32] |= 1u << pin % 32;
                any = true;
            }
        }
    }
    return any;
}

void pin_rest(void) {
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        if (gpio_exists(pin) && gpio_is_output(pin)) {
            gpio_write(pin, false);
            gpio_input(pin);
        }
    }
}

void pin_deinit(void) {
    uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
    for (unsigned pin = 0; pin < GPIO_PINS; pin++) {
        MP_STATE_PORT(pin_irqs)[pin] = NULL;
    }
    MICROPY_END_ATOMIC_SECTION(state);
    pin_rest();
}

static mp_uint_t pin_irq_trigger(mp_obj_t self_in, mp_uint_t trigger) {
    IRQ(pin_number(self_in))->trigger = trigger;
    return 0;
}

static mp_uint_t pin_irq_info(mp_obj_t self_in, mp_uint_t info_type) {
    pin_irq_t *irq = IRQ(pin_number(self_in));
    return info_type == MP_IRQ_INFO_FLAGS ? irq->flags : irq->trigger;
}

static const mp_irq_methods_t pin_irq_methods = {
    .trigger = pin_irq_trigger,
    .info = pin_irq_info,
};

static mp_obj_t pin_irq(size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_handler, ARG_trigger, ARG_wake, ARG_hard };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_handler, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_trigger, MP_ARG_INT, {.u_int = RISING | FALLING} },
        { MP_QSTR_wake, MP_ARG_KW_ONLY | MP_ARG_OBJ, {.u_rom_obj = MP_ROM_NONE} },
        { MP_QSTR_hard, MP_ARG_KW_ONLY | MP_ARG_BOOL, {.u_bool = false} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args - 1, pos_args + 1, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    unsigned pin = pin_number(pos_args[0]);
    pin_irq_t *irq = IRQ(pin);
    if (irq == NULL) {
        irq = m_new0(pin_irq_t, 1);
        mp_irq_init(&irq->base, (mp_irq_methods_t *)&pin_irq_methods, pos_args[0]);
        MP_STATE_PORT(pin_irqs)[pin] = irq;
    }
    if (n_args > 1 || kw_args->used) {
        unsigned wake = args[ARG_wake].u_obj == mp_const_none ? 0 : mp_obj_get_int(args[ARG_wake].u_obj);
        uint32_t state = MICROPY_BEGIN_ATOMIC_SECTION();
        irq->base.handler = args[ARG_handler].u_obj;
        irq->base.ishard = args[ARG_hard].u_bool;
        irq->trigger = args[ARG_trigger].u_int;
        irq->wake = wake;
        MICROPY_END_ATOMIC_SECTION(state);
    }
    return MP_OBJ_FROM_PTR(irq);
}
static MP_DEFINE_CONST_FUN_OBJ_KW(pin_irq_obj, 1, pin_irq);

// ---- The class

static mp_uint_t pin_ioctl(mp_obj_t self_in, mp_uint_t request, uintptr_t arg, int *errcode) {
    unsigned pin = pin_number(self_in);
    switch (request) {
        case MP_PIN_READ:
            return gpio_read(pin);
        case MP_PIN_WRITE:
            gpio_write(pin, arg);
            return 0;
        default:
            *errcode = MP_EINVAL;
            return MP_STREAM_ERROR;
    }
}

static const mp_pin_p_t pin_protocol = {
    .ioctl = pin_ioctl,
};

static const mp_rom_map_elem_t pin_locals_dict_table[] = {
    { MP_ROM_QSTR(MP_QSTR_init), MP_ROM_PTR(&pin_init_obj) },
    { MP_ROM_QSTR(MP_QSTR_value), MP_ROM_PTR(&pin_value_obj) },
    { MP_ROM_QSTR(MP_QSTR_on), MP_ROM_PTR(&pin_on_obj) },
    { MP_ROM_QSTR(MP_QSTR_off), MP_ROM_PTR(&pin_off_obj) },
    { MP_ROM_QSTR(MP_QSTR_irq), MP_ROM_PTR(&pin_irq_obj) },
    { MP_ROM_QSTR(MP_QSTR_IN), MP_ROM_INT(MODE_IN) },
    { MP_ROM_QSTR(MP_QSTR_OUT), MP_ROM_INT(MODE_OUT) },
    { MP_ROM_QSTR(MP_QSTR_IRQ_RISING), MP_ROM_INT(RISING) },
    { MP_ROM_QSTR(MP_QSTR_IRQ_FALLING), MP_ROM_INT(FALLING) },
    { MP_ROM_QSTR(MP_QSTR_IRQ_LOW_LEVEL), MP_ROM_INT(LOW_LEVEL) },
    { MP_ROM_QSTR(MP_QSTR_IRQ_HIGH_LEVEL), MP_ROM_INT(HIGH_LEVEL) },
};
static MP_DEFINE_CONST_DICT(pin_locals_dict, pin_locals_dict_table);

MP_DEFINE_CONST_OBJ_TYPE(
    machine_pin_type,
    MP_QSTR_Pin,
    MP_TYPE_FLAG_NONE,
    make_new, mp_pin_make_new,
    print, pin_print,
    call, pin_call,
    protocol, &pin_protocol,
    locals_dict, &pin_locals_dict
    );

MP_REGISTER_ROOT_POINTER(void *pin_irqs[128]);
