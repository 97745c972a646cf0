// machine.PWM as a tone generator; included by extmod/machine_pwm.c. QEMU models no PWM, so a tone is its pin held high, and
// its pitch an event of the probe.
#include "gpio.h"
#include "port_pin.h"
#include "probe.h"

#define FULL_DUTY (65535)
#define NS_PER_S (1000000000)

typedef struct _machine_pwm_obj_t {
    mp_obj_base_t base;
    uint8_t pin;
    uint32_t freq_hz;
    uint16_t duty_u16;
    uint32_t sounding_hz;
} machine_pwm_obj_t;

static void mp_machine_pwm_print(const mp_print_t *print, mp_obj_t self_in, mp_print_kind_t kind) {
    machine_pwm_obj_t *self = MP_OBJ_TO_PTR(self_in);
    mp_printf(print, "PWM('%c%u', freq=%u, duty_u16=%u)", GPIO_PORT(self->pin), GPIO_BIT(self->pin), self->freq_hz, self->duty_u16);
}

static void change(machine_pwm_obj_t *self, mp_int_t freq_hz, mp_int_t duty_u16) {
    if (freq_hz < 0 || duty_u16 < 0 || duty_u16 > FULL_DUTY) {
        mp_raise_ValueError(MP_ERROR_TEXT("out of range"));
    }
    self->freq_hz = freq_hz;
    self->duty_u16 = duty_u16;
    uint32_t sounding_hz = duty_u16 ? freq_hz : 0;
    if (sounding_hz != self->sounding_hz) {
        self->sounding_hz = sounding_hz;
        gpio_write(self->pin, sounding_hz);
        probe_pin("pwm", self->pin, sounding_hz);
    }
}

static uint16_t duty_of_ns(mp_int_t duty_ns, uint32_t freq_hz) {
    uint64_t duty = (uint64_t)duty_ns * freq_hz * FULL_DUTY / NS_PER_S;
    return MIN(duty, FULL_DUTY);
}

static void mp_machine_pwm_init_helper(machine_pwm_obj_t *self, size_t n_args, const mp_obj_t *pos_args, mp_map_t *kw_args) {
    enum { ARG_freq, ARG_duty_u16, ARG_duty_ns };
    static const mp_arg_t allowed_args[] = {
        { MP_QSTR_freq, MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_duty_u16, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = -1} },
        { MP_QSTR_duty_ns, MP_ARG_KW_ONLY | MP_ARG_INT, {.u_int = -1} },
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed_args)];
    mp_arg_parse_all(n_args, pos_args, kw_args, MP_ARRAY_SIZE(allowed_args), allowed_args, args);
    mp_int_t freq_hz = args[ARG_freq].u_int < 0 ? (mp_int_t)self->freq_hz : args[ARG_freq].u_int;
    mp_int_t duty_u16 = self->duty_u16;
    if (args[ARG_duty_u16].u_int >= 0) {
        duty_u16 = args[ARG_duty_u16].u_int;
    } else if (args[ARG_duty_ns].u_int >= 0) {
        duty_u16 = duty_of_ns(args[ARG_duty_ns].u_int, freq_hz);
    }
    change(self, freq_hz, duty_u16);
}

static mp_obj_t mp_machine_pwm_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *args) {
    mp_arg_check_num(n_args, n_kw, 1, MP_OBJ_FUN_ARGS_MAX, true);
    machine_pwm_obj_t *self = mp_obj_malloc(machine_pwm_obj_t, type);
    self->pin = pin_number(args[0]);
    self->freq_hz = self->duty_u16 = self->sounding_hz = 0;
    gpio_output(self->pin);
    gpio_write(self->pin, false);
    mp_map_t kw_args;
    mp_map_init_fixed_table(&kw_args, n_kw, args + n_args);
    mp_machine_pwm_init_helper(self, n_args - 1, args + 1, &kw_args);
    return MP_OBJ_FROM_PTR(self);
}

static void mp_machine_pwm_deinit(machine_pwm_obj_t *self) {
    change(self, self->freq_hz, 0);
}

static mp_obj_t mp_machine_pwm_freq_get(machine_pwm_obj_t *self) {
    return MP_OBJ_NEW_SMALL_INT(self->freq_hz);
}

static void mp_machine_pwm_freq_set(machine_pwm_obj_t *self, mp_int_t freq_hz) {
    change(self, freq_hz, self->duty_u16);
}

static mp_obj_t mp_machine_pwm_duty_get_u16(machine_pwm_obj_t *self) {
    return MP_OBJ_NEW_SMALL_INT(self->duty_u16);
}

static void mp_machine_pwm_duty_set_u16(machine_pwm_obj_t *self, mp_int_t duty_u16) {
    change(self, self->freq_hz, duty_u16);
}

static mp_obj_t mp_machine_pwm_duty_get_ns(machine_pwm_obj_t *self) {
    uint64_t period_ns = self->freq_hz ? NS_PER_S / self->freq_hz : 0;
    return mp_obj_new_int_from_ull(period_ns * self->duty_u16 / FULL_DUTY);
}

static void mp_machine_pwm_duty_set_ns(machine_pwm_obj_t *self, mp_int_t duty_ns) {
    change(self, self->freq_hz, duty_of_ns(duty_ns, self->freq_hz));
}
