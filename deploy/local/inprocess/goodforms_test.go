package inprocess

import "net/url"

// goodForms pass all checks of form; a path without one here gets "1" for every field.
func goodForms() map[string]url.Values {
	return map[string]url.Values{
		"/user/login": {"username": {"somebody"}, "password": {password}, "remember_me": {"true"}},
		"/user/create-account": {
			"firstname": {"Ada"}, "lastname": {"Shopper"}, "username": {"someone-else"}, "email_address": {"ada@example.com"},
			"password": {password}, "confirm_password": {password}, "newsletter": {"false"}, "remember_me": {"true"},
		},
		"/user/verify-email-address-response": {"email_verification_code": {"a:b:c"}},
		"/user/reset-password":                {"username": {"somebody"}, "email_address": {"somebody@example.com"}},
		"/user/set-new-password":              {"username": {"somebody"}, "password_reset_code": {"a:b:c"}, "new_password": {password}, "confirm_new_password": {password}},
		"/user/forgot-username":               {"email_address": {"somebody@example.com"}},
		"/user/update-my-information":         {"firstname": {"Ada"}, "lastname": {"Shopper"}, "email_address": {"ada@example.com"}},
		"/user/update-communication-preferences": {
			"newsletter": {"false"}, "email_unsubscribe": {"true"}, "no_longer_want_to_receive": {"true"}, "never_signed_up": {"false"},
			"inappropriate": {"false"}, "spam": {"false"}, "other": {"enough"},
		},
		"/user/put-chat-message":                        {"name": {"Ada"}, "email_address": {"ada@example.com"}, "message": {"Hello"}},
		"/user/pythonabot-notify-me":                    {"email_address": {"ada@example.com"}, "how_excited": {"5"}},
		"/order/cart-add-product-sku":                   {"sku_id": {"1"}, "quantity": {"1"}},
		"/order/cart-update-sku-quantity":               {"sku_id": {"1"}, "quantity": {"2"}},
		"/order/cart-remove-sku":                        {"sku_id": {"99"}},
		"/order/cart-update-shipping-method":            {"shipping_method_identifier": {"USPSRetailGround"}},
		"/order/cart-apply-discount-code":               {"discount_code_id": {"WELCOME10"}},
		"/order/cart-remove-discount-code":              {"discount_code_id": {"1"}},
		"/order/anonymous-email-address-payment-lookup": {"anonymous_email_address": {"guest@example.com"}},
		"/order/create-checkout-session":                {"agree_to_terms_of_sale": {"true"}, "newsletter": {"false"}, "anonymous_email_address": {"guest@example.com"}},
	}
}
