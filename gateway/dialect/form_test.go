package dialect_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/dialect"
)

const most = 1000

func multipartForm(t testing.TB, write func(form *multipart.Writer)) (contentType string, body []byte) {
	t.Helper()
	var out bytes.Buffer
	form := multipart.NewWriter(&out)
	write(form)
	require.NoError(t, form.Close())
	return form.FormDataContentType(), out.Bytes()
}

func TestReadForm(t *testing.T) {
	t.Parallel()
	multipartType, multipartBody := multipartForm(t, func(form *multipart.Writer) {
		require.NoError(t, form.WriteField("sku_id", "1"))
		require.NoError(t, form.WriteField("sku_id", "2"))
		file, err := form.CreateFormFile("quantity", "quantity.txt")
		require.NoError(t, err)
		_, err = file.Write([]byte("99"))
		require.NoError(t, err)
	})
	for _, c := range []struct {
		name, contentType, body string
		want                    dialect.Fields
		fails                   error
	}{
		{"jquery", "application/x-www-form-urlencoded; charset=UTF-8", "a=1&b=x%20y+z", dialect.Fields{"a": "1", "b": "x y z"}, nil},
		{"last value wins", "application/x-www-form-urlencoded", "a=1&a=2&a=", dialect.Fields{"a": ""}, nil},
		{"no value, no name, nothing", "application/x-www-form-urlencoded", "a&&=x&", dialect.Fields{"a": "", "": "x"}, nil},
		{"broken escapes stay", "application/x-www-form-urlencoded", "a=%zz%4&b=100%", dialect.Fields{"a": "%zz%4", "b": "100%"}, nil},
		{"semicolons are text", "application/x-www-form-urlencoded", "a=1;b=2", dialect.Fields{"a": "1;b=2"}, nil},
		{"upper case type", "Application/X-WWW-Form-Urlencoded", "a=1", dialect.Fields{"a": "1"}, nil},
		{"broken parameter", "application/x-www-form-urlencoded; charset", "a=1", dialect.Fields{"a": "1"}, nil},
		{"multipart, files dropped", multipartType, string(multipartBody), dialect.Fields{"sku_id": "2"}, nil},
		{"multipart without boundary", "multipart/form-data", "x", nil, dialect.ErrMalformedForm},
		{"multipart cut short", multipartType, string(multipartBody[:len(multipartBody)/2]), nil, dialect.ErrMalformedForm},
		{"multipart of another boundary", "multipart/form-data; boundary=other", string(multipartBody), dialect.Fields{}, nil},
		{"empty multipart", "multipart/form-data; boundary=b", "", dialect.Fields{}, nil},
		{"json has no fields", "application/json", `{"a":"1"}`, nil, nil},
		{"no type has no fields", "", "a=1", nil, nil},
		{"1000 fields", "application/x-www-form-urlencoded", strings.Repeat("a=1&", most-1) + "a=2", dialect.Fields{"a": "2"}, nil},
		{"1001 fields", "application/x-www-form-urlencoded", strings.Repeat("a=1&", most) + "a=2", nil, dialect.ErrTooManyFields},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, err := dialect.ReadForm(c.contentType, []byte(c.body), most)
			require.ErrorIs(t, err, c.fails)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReadFormBoundsMultipart(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fields int
		fails  error
	}{{most, nil}, {most + 1, dialect.ErrTooManyFields}} {
		contentType, body := multipartForm(t, func(form *multipart.Writer) {
			for i := range c.fields {
				require.NoError(t, form.WriteField(fmt.Sprint("field", i), "1"))
			}
		})
		_, err := dialect.ReadForm(contentType, body, most)
		require.ErrorIs(t, err, c.fails)
	}
}

func TestFill(t *testing.T) {
	t.Parallel()
	request := &storefrontv1.CreateAccountRequest{}
	require.NoError(t, dialect.Fields{"email_address": "a@b.co", "emailAddress": "no", "firstname": "", "unknown": "\x00", "csrfmiddlewaretoken": "x"}.Fill(request))
	require.True(t, proto.Equal(&storefrontv1.CreateAccountRequest{EmailAddress: proto.String("a@b.co"), Firstname: proto.String("")}, request), "%v", request)

	width := &storefrontv1.ReportPageviewRequest{}
	require.NoError(t, dialect.Fields{"pageWidth": "1", "page_width": "2"}.Fill(width))
	require.Equal(t, "1", width.GetPageWidth())

	for _, hostile := range []string{"a\x00b", "\xff", "\xed\xa0\x80"} {
		require.ErrorIs(t, dialect.Fields{"username": hostile}.Fill(&storefrontv1.LogInRequest{}), dialect.ErrUnreadable)
	}
}

func TestTextual(t *testing.T) {
	t.Parallel()
	require.Equal(t, "same ü", dialect.Textual("same ü"))
	require.Equal(t, "ab\uFFFDc", dialect.Textual("a\x00b\xff\xfec"))
}

func TestCodec(t *testing.T) {
	t.Parallel()
	codec := dialect.NewCodec(newRenderer(t))
	require.Equal(t, "application/json", codec.ContentType(&storefrontv1.LogInResponse{}))
	require.Equal(t, "text/html; charset=utf-8", codec.ContentType(&storefrontv1.ShowOrderIndexResponse{}))

	var raw []byte
	require.NoError(t, codec.NewDecoder(strings.NewReader("\xff raw {")).Decode(&raw))
	require.Equal(t, "\xff raw {", string(raw))

	login := &storefrontv1.LogInRequest{}
	require.NoError(t, codec.NewDecoder(&dialect.Body{Fields: dialect.Fields{"username": "ada"}}).Decode(login))
	require.Equal(t, "ada", login.GetUsername())

	unread := &storefrontv1.LogInRequest{}
	require.NoError(t, codec.NewDecoder(strings.NewReader(`{"username":"ada"}`)).Decode(unread))
	require.Nil(t, unread.Username, "a body that is no form has no fields")

	_, err := codec.Marshal("text")
	require.ErrorIs(t, err, dialect.ErrUnknownMessage)
}

func FuzzReadForm(f *testing.F) {
	contentType, body := multipartForm(f, func(form *multipart.Writer) { _ = form.WriteField("a", "1") })
	f.Add(contentType, body)
	f.Add("application/x-www-form-urlencoded", []byte("a=%41&b=%&c"))
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		fields, err := dialect.ReadForm(contentType, body, most)
		require.LessOrEqual(t, len(fields), most)
		if err == nil {
			_ = fields.Fill(&storefrontv1.LogInRequest{})
		}
	})
}
