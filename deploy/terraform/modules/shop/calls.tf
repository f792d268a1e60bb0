# Who calls whom, as security group rules: one out of the caller and one into the callee for each. Nothing else leads to a service
# but the load balancer to the gateway.
locals {
  calls = merge([
    for caller, service in local.services : {
      for callee in service.calls : "${caller}-${callee}" => { caller = caller, callee = callee }
    }
  ]...)
}

resource "aws_vpc_security_group_egress_rule" "call" {
  for_each = local.calls

  security_group_id            = module.service[each.value.caller].security_group_id
  description                  = "${var.tenant}-${each.value.callee}"
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
  referenced_security_group_id = module.service[each.value.callee].security_group_id
}

resource "aws_vpc_security_group_ingress_rule" "call" {
  for_each = local.calls

  security_group_id            = module.service[each.value.callee].security_group_id
  description                  = "${var.tenant}-${each.value.caller}"
  ip_protocol                  = "tcp"
  from_port                    = 9090
  to_port                      = 9090
  referenced_security_group_id = module.service[each.value.caller].security_group_id
}
