# Managed egress: one NAT gateway, or one a zone so that the loss of a zone does not cut the other off.

locals {
  gateways = { "nat-instance" = 0, "nat-gateway" = 1, "nat-gateway-per-zone" = 2 }[var.egress]
}

resource "aws_eip" "gateway" {
  count = local.gateways

  domain = "vpc"

  tags = { Name = "${var.name}-nat-${var.zones[count.index]}" }
}

resource "aws_nat_gateway" "this" {
  count = local.gateways

  allocation_id = aws_eip.gateway[count.index].id
  subnet_id     = aws_subnet.public[count.index].id

  tags = { Name = "${var.name}-${var.zones[count.index]}" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_route" "gateway" {
  count = local.gateways == 0 ? 0 : 2

  route_table_id         = aws_route_table.private[count.index].id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[min(count.index, local.gateways - 1)].id
}
