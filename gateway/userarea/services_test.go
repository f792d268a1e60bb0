package userarea_test

import (
	"context"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"
)

// What the user service says when all goes well; see harness_test.go for how a call is made to fail.

func (s *services) UpdateInformation(_ context.Context, request *userv1.UpdateInformationRequest, _ ...grpc.CallOption) (*userv1.UpdateInformationResponse, error) {
	return &userv1.UpdateInformationResponse{Violations: s.violations}, s.hear("UpdateInformation", request)
}

func (s *services) ListSessions(_ context.Context, request *userv1.ListSessionsRequest, _ ...grpc.CallOption) (*userv1.ListSessionsResponse, error) {
	return &userv1.ListSessionsResponse{Sessions: s.sessions}, s.hear("ListSessions", request)
}

func (s *services) EndSession(_ context.Context, request *userv1.EndSessionRequest, _ ...grpc.CallOption) (*userv1.EndSessionResponse, error) {
	s.ended = request.GetReference() == "mine"
	return &userv1.EndSessionResponse{}, s.hear("EndSession", request)
}

func (s *services) EndOtherSessions(_ context.Context, request *userv1.EndOtherSessionsRequest, _ ...grpc.CallOption) (*userv1.EndOtherSessionsResponse, error) {
	return &userv1.EndOtherSessionsResponse{Ended: 2}, s.hear("EndOtherSessions", request)
}

func (s *services) RequestVerification(_ context.Context, request *userv1.RequestVerificationRequest, _ ...grpc.CallOption) (*userv1.RequestVerificationResponse, error) {
	return &userv1.RequestVerificationResponse{}, s.hear("RequestVerification", request)
}

func (s *services) VerifyAddress(_ context.Context, request *userv1.VerifyAddressRequest, _ ...grpc.CallOption) (*userv1.VerifyAddressResponse, error) {
	return &userv1.VerifyAddressResponse{Email: "grace@mail.example", ClaimsGuestOrders: s.claims}, s.hear("VerifyAddress", request)
}

func (s *services) ChangePassword(_ context.Context, request *userv1.ChangePasswordRequest, _ ...grpc.CallOption) (*userv1.ChangePasswordResponse, error) {
	if len(s.violations) > 0 {
		return &userv1.ChangePasswordResponse{Violations: s.violations}, s.hear("ChangePassword", request)
	}
	return &userv1.ChangePasswordResponse{Session: begun(true)}, s.hear("ChangePassword", request)
}

func (s *services) RequestPasswordReset(_ context.Context, request *userv1.RequestPasswordResetRequest, _ ...grpc.CallOption) (*userv1.RequestPasswordResetResponse, error) {
	return &userv1.RequestPasswordResetResponse{}, s.hear("RequestPasswordReset", request)
}

func (s *services) SetNewPassword(_ context.Context, request *userv1.SetNewPasswordRequest, _ ...grpc.CallOption) (*userv1.SetNewPasswordResponse, error) {
	return &userv1.SetNewPasswordResponse{Violations: s.violations}, s.hear("SetNewPassword", request)
}

func (s *services) RemindUsername(_ context.Context, request *userv1.RemindUsernameRequest, _ ...grpc.CallOption) (*userv1.RemindUsernameResponse, error) {
	return &userv1.RemindUsernameResponse{}, s.hear("RemindUsername", request)
}

func (s *services) UpdatePreferences(_ context.Context, request *userv1.UpdatePreferencesRequest, _ ...grpc.CallOption) (*userv1.UpdatePreferencesResponse, error) {
	return &userv1.UpdatePreferencesResponse{}, s.hear("UpdatePreferences", request)
}

func (s *services) LookUpSubscription(_ context.Context, request *userv1.LookUpSubscriptionRequest, _ ...grpc.CallOption) (*userv1.LookUpSubscriptionResponse, error) {
	return &userv1.LookUpSubscriptionResponse{MaskedEmail: "grac*@mail.example"}, s.hear("LookUpSubscription", request)
}

func (s *services) Unsubscribe(_ context.Context, request *userv1.UnsubscribeRequest, _ ...grpc.CallOption) (*userv1.UnsubscribeResponse, error) {
	return &userv1.UnsubscribeResponse{MaskedEmail: "<b>@mail.example", Token: "new-token"}, s.hear("Unsubscribe", request)
}

func (s *services) ExplainUnsubscription(_ context.Context, request *userv1.ExplainUnsubscriptionRequest, _ ...grpc.CallOption) (*userv1.ExplainUnsubscriptionResponse, error) {
	return &userv1.ExplainUnsubscriptionResponse{}, s.hear("ExplainUnsubscription", request)
}

func (s *services) CheckAgreement(_ context.Context, request *userv1.CheckAgreementRequest, _ ...grpc.CallOption) (*userv1.CheckAgreementResponse, error) {
	return s.terms, s.hear("CheckAgreement", request)
}

func (s *services) AgreeToTerms(_ context.Context, request *userv1.AgreeToTermsRequest, _ ...grpc.CallOption) (*userv1.AgreeToTermsResponse, error) {
	return &userv1.AgreeToTermsResponse{}, s.hear("AgreeToTerms", request)
}

func (s *services) PutMessage(_ context.Context, request *userv1.PutMessageRequest, _ ...grpc.CallOption) (*userv1.PutMessageResponse, error) {
	return &userv1.PutMessageResponse{Violations: s.violations}, s.hear("PutMessage", request)
}

func (s *services) NotifyMe(_ context.Context, request *userv1.NotifyMeRequest, _ ...grpc.CallOption) (*userv1.NotifyMeResponse, error) {
	return &userv1.NotifyMeResponse{Violations: s.violations}, s.hear("NotifyMe", request)
}

// asks requires what a method was last asked, all of it.
func (v *visit) asks(method string, want proto.Message) {
	v.t.Helper()
	asked := v.behind.requests[method]
	require.Truef(v.t, proto.Equal(want, asked), "%s was asked %s, not %s", method, asked, want)
}

// broken are violations of one rule of each of these fields.
func broken(fields ...string) (violations []*userv1.FieldViolation) {
	for _, field := range fields {
		violations = append(violations, &userv1.FieldViolation{Field: field, Code: "required", Description: "Please fill this in."})
	}
	return violations
}
