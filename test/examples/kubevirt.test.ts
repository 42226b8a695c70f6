import { promisesOf } from "./support/typed";

promisesOf({
  name: "kubevirt",
  plugin: { npm: "@pulumi/kubernetes", name: "kubernetes" },
  nic: {
    type: "kubernetes:kubevirt.io/v1:VirtualMachine",
    path: ["spec", "template", "spec", "domain", "devices", "interfaces", 0, "macAddress"],
  },
  form: /^42(:[0-9a-f]{2}){5}$/,
});
