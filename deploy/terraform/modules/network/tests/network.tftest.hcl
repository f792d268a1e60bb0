# Ways in and out of the network, for each kind of egress.
mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name   = "startupwebapp-test"
  zones  = ["us-east-1a", "us-east-1b"]
  egress = "nat-instance"
}

run "nat_instance" {
  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_instance.nat) == 1
    error_message = "expected one instance and no gateway"
  }
  assert {
    condition     = aws_instance.nat[0].instance_type == "t4g.nano" && aws_instance.nat[0].metadata_options[0].http_tokens == "required"
    error_message = "the NAT instance is not a t4g.nano, or gives its credentials to any request (IMDSv1)"
  }
  assert {
    condition     = !aws_network_interface.nat[0].source_dest_check
    error_message = "the NAT instance drops what is not addressed to it"
  }
  assert {
    condition     = strcontains(aws_instance.nat[0].user_data, "masquerade") && strcontains(aws_instance.nat[0].user_data, "net.ipv4.ip_forward = 1")
    error_message = "the NAT instance does not translate"
  }
  assert {
    condition     = length(aws_route.instance) == 2 && alltrue([for route in aws_route.instance : route.network_interface_id == aws_network_interface.nat[0].id])
    error_message = "a private subnet has no way out"
  }
  assert {
    condition     = aws_vpc_security_group_ingress_rule.nat[0].cidr_ipv4 == "10.0.0.0/16" && aws_vpc_security_group_ingress_rule.nat[0].from_port == 443 && aws_vpc_security_group_ingress_rule.nat[0].to_port == 443
    error_message = "the NAT instance can be reached from outside, or on other ports than 443"
  }
  assert {
    condition     = anytrue([for action in aws_cloudwatch_metric_alarm.nat_host[0].alarm_actions : endswith(action, ":ec2:recover")])
    error_message = "nobody recovers a failed NAT instance"
  }
  assert {
    condition     = endswith(aws_iam_role_policy_attachment.nat[0].policy_arn, "/AmazonSSMManagedInstanceCore")
    error_message = "the NAT instance cannot be reached by Session Manager"
  }
  assert {
    condition     = aws_instance.nat[0].root_block_device[0].encrypted
    error_message = "the NAT instance's disk is not encrypted"
  }
  assert {
    condition     = length(aws_default_security_group.none.ingress) == 0 && length(aws_default_security_group.none.egress) == 0
    error_message = "the default security group has rules"
  }
  assert {
    condition     = alltrue([for subnet in concat(aws_subnet.public, aws_subnet.private) : !subnet.map_public_ip_on_launch])
    error_message = "a subnet hands out public addresses"
  }
  assert {
    condition     = length(distinct(aws_subnet.private[*].availability_zone)) == 2 && length(distinct(aws_subnet.public[*].availability_zone)) == 2
    error_message = "expected subnets in two zones"
  }
  assert {
    condition     = aws_vpc_endpoint.s3.vpc_endpoint_type == "Gateway" && length(aws_vpc_endpoint.s3.route_table_ids) >= 1
    error_message = "S3 is reached through the NAT"
  }
  assert {
    condition     = length(aws_flow_log.this) == 0
    error_message = "flow logs are on without being asked for"
  }
}

run "gateway" {
  command = plan
  variables {
    egress = "nat-gateway"
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 1 && length(aws_instance.nat) == 0 && length(aws_route.gateway) == 2
    error_message = "expected one gateway and a route from both private subnets"
  }
}

run "gateway_per_zone_with_flow_logs" {
  command = plan
  variables {
    egress    = "nat-gateway-per-zone"
    flow_logs = true
  }
  assert {
    condition     = length(aws_nat_gateway.this) == 2 && length(aws_route.gateway) == 2 && length(aws_flow_log.this) == 1
    error_message = "expected a gateway a zone, and flow logs"
  }
}

run "refuses_a_small_range" {
  command = plan
  variables {
    cidr = "10.0.0.0/24"
  }
  expect_failures = [var.cidr]
}

run "refuses_one_zone" {
  command = plan
  variables {
    zones = ["us-east-1a", "us-east-1a"]
  }
  expect_failures = [var.zones]
}

run "refuses_another_egress" {
  command = plan
  variables {
    egress = "none"
  }
  expect_failures = [var.egress]
}
