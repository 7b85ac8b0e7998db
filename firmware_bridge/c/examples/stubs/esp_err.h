/* Declarations of ESP-IDF that the example uses; see README.md. */
#ifndef ESP_ERR_H
#define ESP_ERR_H

typedef int esp_err_t;
#define ESP_OK 0
#define ESP_FAIL (-1)

void esp_error_check(esp_err_t code);
#define ESP_ERROR_CHECK(code) esp_error_check(code)

#endif
