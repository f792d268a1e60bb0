package userarea

import (
	"context"
	"time"

	orderv1 "github.com/bartgottschalk/startupwebapp/proto/order/v1"
	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
)

// verificationLifetime is how long a verification code is good (contract user.md 1.8).
const verificationLifetime = 24 * time.Hour

// CreateAccount is POST /user/create-account.
func (a *Area) CreateAccount(ctx context.Context, form *storefrontv1.CreateAccountRequest) (*storefrontv1.CreateAccountResponse, error) {
	if err := firstMissing(
		field{"firstname", form.Firstname}, field{"lastname", form.Lastname}, field{"username", form.Username},
		field{"email_address", form.EmailAddress}, field{"password", form.Password}, field{"confirm_password", form.ConfirmPassword},
		field{"newsletter", form.Newsletter}, field{"remember_me", form.RememberMe},
	); err != nil {
		return nil, err
	}
	customer := visitor.From(ctx)
	created, err := a.Accounts.CreateAccount(ctx, &userv1.CreateAccountRequest{
		FirstName: form.GetFirstname(), LastName: form.GetLastname(), Username: form.GetUsername(), Email: form.GetEmailAddress(),
		Password: form.GetPassword(), ConfirmPassword: form.GetConfirmPassword(),
		Newsletter: ticked(form.Newsletter), Remember: ticked(form.RememberMe),
		ClientAddress: customer.ClientAddress(), ReplacedSessionToken: customer.SessionToken(), UserAgent: customer.UserAgent(),
	})
	if err != nil {
		return nil, err
	}
	if len(created.GetViolations()) > 0 {
		return &storefrontv1.CreateAccountResponse{CreateAccount: "false", Errors: verdicts(created.GetViolations())}, nil
	}
	a.begin(ctx, created.GetSession())
	a.adoptCart(ctx, created.GetAccount())
	return &storefrontv1.CreateAccountResponse{CreateAccount: "true"}, nil
}

// verdicts is what the rules say of each input of the registration page.
func verdicts(violations []*userv1.FieldViolation) *storefrontv1.CreateAccountErrors {
	errors := &storefrontv1.CreateAccountErrors{}
	file(violations, inputs{
		"first_name": &errors.Firstname, "last_name": &errors.Lastname, "username": &errors.Username,
		"email": &errors.EmailAddress, "password": &errors.Password,
	})
	return errors
}

// ShowAccountContent is GET /user/account-content.
func (a *Area) ShowAccountContent(ctx context.Context, _ *storefrontv1.ShowAccountContentRequest) (*storefrontv1.ShowAccountContentResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	stranger := &storefrontv1.ShowAccountContentResponse{AccountContent: &storefrontv1.AccountContent{Authenticated: "false"}}
	if account == nil {
		return stranger, nil
	}
	profile, err := a.Accounts.GetProfile(ctx, &userv1.GetProfileRequest{AccountId: account.GetAccountId()})
	if isGone(err) {
		return stranger, nil
	}
	if err != nil {
		return nil, err
	}
	orders, err := a.Orders.ListOrders(ctx, ordersOf(profile))
	if err != nil {
		return nil, err
	}
	return &storefrontv1.ShowAccountContentResponse{AccountContent: &storefrontv1.AccountContent{
		Authenticated: "true",
		PersonalData:  personalData(profile),
		EmailData:     a.emailData(profile),
		OrdersData:    orderList(orders.GetOrders()),
	}}, nil
}

// ordersOf asks for an account's orders, and for the guest orders of its address when the address has brought them along.
func ordersOf(profile *userv1.GetProfileResponse) *orderv1.ListOrdersRequest {
	request := &orderv1.ListOrdersRequest{AccountId: profile.GetAccount().GetAccountId()}
	if profile.GetClaimsGuestOrders() {
		request.ClaimedEmail = profile.GetAccount().GetEmail()
	}
	return request
}

func personalData(profile *userv1.GetProfileResponse) *storefrontv1.PersonalData {
	return &storefrontv1.PersonalData{
		Username:                 profile.GetAccount().GetUsername(),
		FirstName:                profile.GetAccount().GetFirstName(),
		LastName:                 profile.GetAccount().GetLastName(),
		NewsletterSubscriber:     profile.GetNewsletterSubscriber(),
		EmailUnsubscribed:        profile.GetEmailUnsubscribed(),
		TermsOfUseAgreedDateTime: profile.GetTermsAgreedAt(),
		JoinedDateTime:           profile.GetJoinedAt(),
		LastLoginDateTime:        profile.GetLastLoginAt(),
	}
}

func (a *Area) emailData(profile *userv1.GetProfileResponse) *storefrontv1.EmailData {
	requested := profile.GetVerificationRequestedAt()
	pending := requested != nil && !profile.GetEmailVerified() && a.Now().Sub(requested.AsTime()) < verificationLifetime
	return &storefrontv1.EmailData{
		EmailAddress:                          profile.GetAccount().GetEmail(),
		EmailVerified:                         profile.GetEmailVerified(),
		VerificationRequestSentWithin_24Hours: pending,
	}
}

func orderList(orders []*orderv1.OrderSummary) *storefrontv1.OrderList {
	list := &storefrontv1.OrderList{Orders: make([]*storefrontv1.OrderListEntry, 0, len(orders))}
	for _, order := range orders {
		list.Orders = append(list.Orders, &storefrontv1.OrderListEntry{
			OrderId: order.GetOrderId(), Identifier: order.GetIdentifier(), OrderDateTime: order.GetOrderedAt(),
			SalesTaxAmt: order.GetSalesTaxMinor(), OrderTotal: order.GetTotalMinor(),
		})
	}
	return list
}
