export const dynamic = "force-dynamic"; // each request is rendered

export default function Page() {
  return <h1>Basket</h1>;
}
