# Copy to terraform.tfvars (git ignores it) and put your own names in.
domain            = "example.com"
zone_id           = "" # DNS by hand
profile           = "minimum"
alarm_emails      = ["operator@example.com"]
budget            = 120
github_repository = "owner/name"

tenants = {
  main = {
    priority       = 100
    api_host       = "api.example.com"
    site_host      = "shop.example.com"
    cookie_domain  = "example.com"
    mail_from      = "Example Shop <shop@example.com>"
    operator_email = "operator@example.com"
    site = {
      shop_name    = "Example Shop"
      phone        = "+1 555 0100"
      phone_target = "+15550100"
      email        = "shop@example.com"
    }
  }
}
