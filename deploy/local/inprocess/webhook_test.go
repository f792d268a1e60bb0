package inprocess

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const webhookPath = "/order/stripe-webhook"

// signed is Stripe's signature over a body at a time, with the shop's secret or another.
func signed(body, secret string, at time.Time) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return fmt.Sprintf("t=%d,v1=%s", at.Unix(), hex.EncodeToString(mac.Sum(nil)))
}

func deliveryOf(name, body, signature string, status int) attack {
	return attack{
		name: name, method: http.MethodPost, path: webhookPath, contentType: "application/json", body: body, status: status,
		header: map[string]string{"Stripe-Signature": signature},
	}
}

func TestUnsignedWebhooksAreRefused(t *testing.T) {
	besiege(t)
	secret, now := shop.secrets["STRIPE_WEBHOOK_SECRET"], time.Now()
	event := `{"id":"evt_1","object":"event","type":"checkout.session.completed","data":{"object":{"id":"cs_1","object":"checkout.session"}}}`
	good := signed(event, secret, now)
	for name, signature := range map[string]string{
		"no signature": "", "nothing signed": "t=,v1=", "no time": strings.SplitN(good, ",", 2)[1], "no hash": strings.SplitN(good, ",", 2)[0],
		"another secret": signed(event, "whsec_"+strings.Repeat("x", 32), now), "an empty secret": signed(event, "", now),
		"another body": signed(event+" ", secret, now), "an old one": signed(event, secret, now.Add(-time.Hour)),
		"another time": fmt.Sprintf("t=%d,%s", now.Unix()-1, strings.SplitN(good, ",", 2)[1]), "cut": good[:len(good)-1], "longer": good + "00",
		"an old scheme": strings.Replace(good, "v1=", "v0=", 1), "no hex": strings.Replace(good, "v1=", "v1=zz", 1), "a time without end": "t=" + strings.Repeat("9", 400) + ",v1=00",
		"a negative time": "t=-1,v1=00", "bytes": "\xff\xfe", "many": strings.Repeat("v1="+strings.Repeat("0", 64)+",", 500) + fmt.Sprintf("t=%d", now.Unix()), "only separators": ",,==,=",
	} {
		newSiege(t, newCustomer(t)).send(deliveryOf(name, event, signature, http.StatusBadRequest))
	}
	require.Empty(t, shop.logs.all())
}

// TestSignedNonsense comes from whoever has the secret: another system on the same account, or another version of Stripe.
func TestSignedNonsense(t *testing.T) {
	besiege(t)
	s := newSiege(t, newCustomer(t))
	long := strings.Repeat("x", 1<<20)
	session := func(fields string) string {
		return `{"id":"evt_nonsense","object":"event","type":"checkout.session.completed","data":{"object":{"object":"checkout.session",` + fields + `}}}`
	}
	for name, body := range map[string]string{
		"nothing": "", "no JSON": "hello", "half JSON": `{"id":"evt_`, "null": "null", "true": "true", "a number": "1e400", "a text": `"evt"`, "a list": "[]", "an empty object": "{}",
		"two objects": `{"id":"a","type":"b"}{"id":"c","type":"d"}`, "deep": strings.Repeat(`{"a":`, 20_000) + "1" + strings.Repeat("}", 20_000), "bytes": "{\"id\":\"\xff\xfe\",\"type\":\"x\"}",
		"no id": `{"type":"checkout.session.completed"}`, "an id that is a number": `{"id":1,"type":"x"}`, "a type that is a list": `{"id":"evt_a","type":[]}`,
		"a NUL in the id": `{"id":"evt_\u0000","type":"x"}`, "a NUL in the type": `{"id":"evt_b","type":"\u0000"}`, "half a character in the id": `{"id":"evt_\ud800","type":"x"}`,
		"a long id": `{"id":"` + long + `","type":"x"}`, "a long type": `{"id":"evt_c","type":"` + long + `"}`,
	} {
		s.send(deliveryOf(name, body, s.sign(body), http.StatusBadRequest))
	}
	for name, body := range map[string]string{
		"an unknown type": `{"id":"evt_1","type":"payout.paid","data":{}}`, "no data": `{"id":"evt_2","type":"checkout.session.completed"}`,
		"data that is a list": `{"id":"evt_3","type":"checkout.session.completed","data":[]}`, "an object that is null": `{"id":"evt_4","type":"checkout.session.completed","data":{"object":null}}`,
		"a session without id": session(`"id":null`), "a session of nobody": session(`"id":"cs_test_nobody"`), "a session with a NUL": session(`"id":"cs_\u0000"`),
		"a long session": session(`"id":"` + long + `"`), "a reference with a NUL": session(`"id":"cs_1","client_reference_id":"checkout_\u0000"`),
		"amounts that are none": session(`"id":"cs_2","client_reference_id":"checkout_x","amount_total":-1.5e300,"currency":7,"status":[],"metadata":null`),
		"an amount without end": session(`"id":"cs_3","client_reference_id":"checkout_x","amount_total":` + strings.Repeat("9", 400)),
		"metadata that is text": session(`"id":"cs_4","metadata":"x","payment_intent":{"id":{"id":1}}`), "a version that is none": `{"id":"evt_5","type":"x","api_version":"\u0000","livemode":"yes"}`,
	} {
		body = strings.Replace(body, "evt_nonsense", "evt_"+strings.ReplaceAll(name, " ", "_"), 1)
		s.send(deliveryOf(name, body, s.sign(body), http.StatusOK))
		s.send(deliveryOf(name+", again", body, s.sign(body), http.StatusOK))
	}
	require.Empty(t, shop.logs.all())
	require.Zero(t, shop.count(t, "*", "payments.webhook_event WHERE handled_at IS NULL"), "what cannot be an order is not left for the sweep")
	requireShopSells(t)
}

// TestASignedEventThatClaimsPayment of a session that Stripe has not paid makes no order: what is paid is asked of Stripe.
func TestASignedEventThatClaimsPayment(t *testing.T) {
	besiege(t)
	c := newCustomer(t)
	c.add("1", "1")
	id, _, _ := c.checkOut()
	reference := shop.asAdministrator(t, "SELECT 'reference', reference FROM orders.checkout WHERE session_id = '"+id+"'")["reference"]
	require.NotEmpty(t, reference)
	claim, err := json.Marshal(object{
		"id": "evt_claim_" + id, "object": "event", "type": "checkout.session.completed", "livemode": false,
		"data": object{"object": object{
			"id": id, "object": "checkout.session", "status": "complete", "payment_status": "paid", "currency": "usd", "amount_total": 1,
			"client_reference_id": reference, "metadata": object{"reference": reference, "shop": "startupwebapp"},
		}},
	})
	require.NoError(t, err)
	s := newSiege(t, newCustomer(t))
	s.send(deliveryOf("a claim", string(claim), s.sign(string(claim)), http.StatusOK))
	require.Zero(t, shop.count(t, "*", "orders.purchase WHERE session_id = '"+id+"'"))
	require.Len(t, c.get("/order/cart-items").object("item_data").object("product_sku_data"), 1, "the cart is as it was")
}

func (*siege) sign(body string) string {
	return signed(body, shop.secrets["STRIPE_WEBHOOK_SECRET"], time.Now())
}
