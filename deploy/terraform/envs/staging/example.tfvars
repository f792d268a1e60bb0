# Copy to terraform.tfvars (git ignores it) and put your own names in.
domain            = "staging.example.com" # of its own: SES knows a domain once in an account
zone_id           = ""                    # DNS by hand
profile           = "minimum"
alarm_emails      = ["operator@example.com"]
budget            = 100
github_repository = "owner/name"

tenants = {
  main = {
    priority       = 100
    api_host       = "api.staging.example.com"
    site_host      = "shop.staging.example.com"
    cookie_domain  = "staging.example.com"
    mail_from      = "Example Shop <shop@staging.example.com>"
    operator_email = "operator@example.com"
    site = {
      shop_name    = "Example Shop"
      phone        = "+1 555 0100"
      phone_target = "+15550100"
      email        = "shop@example.com"
    }
  }
}
