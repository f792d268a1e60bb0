package userarea

import (
	"context"

	storefrontv1 "github.com/bartgottschalk/startupwebapp/proto/storefront/v1"
	userv1 "github.com/bartgottschalk/startupwebapp/proto/user/v1"

	"github.com/bartgottschalk/startupwebapp/gateway/visitor"
)

// UpdateInformation is POST /user/update-my-information.
func (a *Area) UpdateInformation(ctx context.Context, form *storefrontv1.UpdateInformationRequest) (*storefrontv1.UpdateInformationResponse, error) {
	account, err := a.Finder.Account(ctx)
	if err != nil {
		return nil, err
	}
	if account == nil {
		return &storefrontv1.UpdateInformationResponse{UpdateMyInformation: notAuthenticated}, nil
	}
	if err := firstMissing(
		field{"firstname", form.Firstname}, field{"lastname", form.Lastname}, field{"email_address", form.EmailAddress},
	); err != nil {
		return nil, err
	}
	updated, err := a.Accounts.UpdateInformation(ctx, &userv1.UpdateInformationRequest{
		AccountId: account.GetAccountId(), FirstName: form.GetFirstname(), LastName: form.GetLastname(), Email: form.GetEmailAddress(),
		ClientAddress: visitor.From(ctx).ClientAddress(),
	})
	switch {
	case isGone(err):
		return &storefrontv1.UpdateInformationResponse{UpdateMyInformation: notAuthenticated}, nil
	case err != nil:
		return nil, err
	case len(updated.GetViolations()) > 0:
		return &storefrontv1.UpdateInformationResponse{UpdateMyInformation: "errors", Errors: informationErrors(updated.GetViolations())}, nil
	}
	return &storefrontv1.UpdateInformationResponse{UpdateMyInformation: "success"}, nil
}

func informationErrors(violations []*userv1.FieldViolation) *storefrontv1.UpdateInformationErrors {
	errors := &storefrontv1.UpdateInformationErrors{}
	file(violations, inputs{"first_name": &errors.Firstname, "last_name": &errors.Lastname, "email": &errors.EmailAddress})
	return errors
}
