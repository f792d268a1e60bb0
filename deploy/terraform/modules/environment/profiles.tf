# Two sets of settings that are tested and priced; adjust changes single ones.

locals {
  profiles = {
    minimum = {
      egress              = "nat-instance"
      instance_class      = "db.t4g.micro"
      multi_az            = false
      monitoring_interval = 0
      minimum             = 1
      maximum             = 4
      database_max_conns  = 4
      cpu                 = 256
      memory              = 512
      waf                 = false
      flow_logs           = false
      access_logs         = false
    }
    high-availability = {
      egress              = "nat-gateway-per-zone"
      instance_class      = "db.t4g.small"
      multi_az            = true
      monitoring_interval = 60
      minimum             = 2
      maximum             = 4
      database_max_conns  = 8
      cpu                 = 256
      memory              = 512
      waf                 = true
      flow_logs           = false
      access_logs         = true
    }
  }

  settings = { for name, value in local.profiles[var.profile] : name => try(var.adjust[name] != null ? var.adjust[name] : value, value) }

  # Four services have a pool. While one of them is replaced twice its tasks run (200 %), and ten connections are left for
  # migrations, the bastion and what PostgreSQL keeps for itself.
  connections_wanted = 10 + sum([for tenant in var.tenants : 5 * coalesce(tenant.maximum, local.settings.maximum) * local.settings.database_max_conns])
}
