package mail

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/sesv2"
	"github.com/aws/aws-sdk-go-v2/service/sesv2/types"
	"github.com/aws/smithy-go"
	gomail "github.com/wneessen/go-mail"
)

// How long SES may take; together they stay under what jobs get when the process has to end (platform/jobs).
const (
	sesConfigLimit     = 10 * time.Second
	sesCredentialLimit = 4 * time.Second
	sesAnswerLimit     = 10 * time.Second
)

// sesCourier hands mails to Amazon SES, version 2 of its interface.
type sesCourier struct {
	client      *sesv2.Client
	credentials aws.CredentialsProvider
}

// openSES reads the surroundings as every AWS program does: credentials of the task's role, AWS_ENDPOINT_URL_SESV2, ...
func openSES(ctx context.Context, region string) (sesCourier, error) {
	reading, cancel := context.WithTimeout(ctx, sesConfigLimit)
	defer cancel()
	account, err := awsconfig.LoadDefaultConfig(reading, awsconfig.WithRegion(region))
	if err != nil {
		return sesCourier{}, fmt.Errorf("MAIL_TRANSPORT: read the AWS configuration: %w", err)
	}
	client := sesv2.NewFromConfig(account, func(options *sesv2.Options) {
		options.Retryer = aws.NopRetryer{} // the job tries again
	})
	return sesCourier{client: client, credentials: account.Credentials}, nil
}

func (c sesCourier) deliver(ctx context.Context, message *gomail.Msg, handOver func(context.Context) error) (receipt, error) {
	request, err := sesRequest(message)
	if err != nil {
		return receipt{}, &deliveryError{detail: err.Error()}
	}
	if err := c.logIn(ctx); err != nil {
		return receipt{}, &deliveryError{detail: err.Error()}
	}
	if err := handOver(ctx); err != nil {
		return receipt{}, err
	}
	return receipt{}, c.send(ctx, request)
}

// logIn sees to credentials before anything is handed over; they are kept until they run out.
func (c sesCourier) logIn(ctx context.Context) error {
	asking, cancel := context.WithTimeout(ctx, sesCredentialLimit)
	defer cancel()
	if _, err := c.credentials.Retrieve(asking); err != nil {
		return fmt.Errorf("AWS credentials: %w", err)
	}
	return nil
}

// send asks once. It goes on when the process is told to stop: ending now would leave open whether SES has the mail.
func (c sesCourier) send(ctx context.Context, request *sesv2.SendEmailInput) error {
	var written atomic.Bool
	asking, cancel := context.WithTimeout(context.WithoutCancel(ctx), sesAnswerLimit)
	defer cancel()
	traced := httptrace.WithClientTrace(asking, &httptrace.ClientTrace{
		WroteRequest: func(info httptrace.WroteRequestInfo) { written.Store(info.Err == nil) },
	})
	_, err := c.client.SendEmail(traced, request)
	if err == nil {
		return nil
	}
	if asking.Err() != nil && written.Load() {
		return &deliveryError{unanswered: true, detail: err.Error()}
	}
	return refusedBySES(err)
}

// sesRequest is the message as MIME. Recipients of copies stand beside it, not in it.
func sesRequest(message *gomail.Msg) (*sesv2.SendEmailInput, error) {
	var raw bytes.Buffer
	if _, err := message.WriteTo(&raw); err != nil {
		return nil, fmt.Errorf("write message: %w", err)
	}
	request := &sesv2.SendEmailInput{
		Content:     &types.EmailContent{Raw: &types.RawMessage{Data: raw.Bytes()}},
		Destination: &types.Destination{},
	}
	for _, from := range message.GetFrom() {
		request.FromEmailAddress = aws.String(from.Address)
	}
	for _, to := range message.GetTo() {
		request.Destination.ToAddresses = append(request.Destination.ToAddresses, to.Address)
	}
	for _, bcc := range message.GetBcc() {
		request.Destination.BccAddresses = append(request.Destination.BccAddresses, bcc.Address)
	}
	return request, nil
}

var sesCode = regexp.MustCompile(`^[A-Za-z]{1,60}$`)

// refusedBySES calls an answer permanent when it is about this message. Throttling, paused sending, credentials, and a
// sender that is not verified pass or are for the operator to repair.
func refusedBySES(err error) *deliveryError {
	refusal := &deliveryError{detail: err.Error()}
	var answer smithy.APIError
	if !errors.As(err, &answer) {
		return refusal
	}
	refusal.answer = "with an unknown code"
	if sesCode.MatchString(answer.ErrorCode()) {
		refusal.answer = answer.ErrorCode()
	}
	unverified := strings.Contains(strings.ToLower(answer.ErrorMessage()), "not verified") // says MessageRejected, too
	aboutMessage := []string{(*types.MessageRejected)(nil).ErrorCode(), (*types.BadRequestException)(nil).ErrorCode()}
	refusal.permanent = slices.Contains(aboutMessage, answer.ErrorCode()) && !unverified
	return refusal
}
