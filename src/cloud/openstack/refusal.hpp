#pragma once

#include "src/cloud/api_client.hpp"
#include "src/rest/client.hpp"

namespace slipway::cloud::openstack {

/// Of an answer of Nova or Keystone that is no success. What wraps their words differs ({"forbidden": {"code", "message"}}, {"error":
/// {"title", …}}), and so does what they answer when they are asked too often (429, or 413 with overLimit). Pure.
/// Source: nova/api/openstack/wsgi.py, keystone/server/flask/application.py and keystonemiddleware.
Refusal RefusalOf(const rest::Response& response);

}  // namespace slipway::cloud::openstack
