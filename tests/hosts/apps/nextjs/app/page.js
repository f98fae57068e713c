import { connection } from "next/server";
import { heading } from "./heading.js";

export default async function Page() {
  await connection(); // rendered at each request
  return <h1>{heading()}</h1>;
}
