import { promisesOf } from "./support/typed";

promisesOf({
  name: "openstack",
  config: { "macpool-openstack:networkId": "8d05a1b1-297a-46ca-8974-17debf51ca3c" },
  plugin: { npm: "@pulumi/openstack", name: "openstack" },
  nic: { type: "openstack:networking/port:Port", path: ["macAddress"] },
  form: /^42(:[0-9a-f]{2}){5}$/,
});
